/* An ELF note with the version, by which the launcher recognizes the library. */
#include <stdint.h>

static const struct {
	uint32_t name_size;
	uint32_t version_size;
	uint32_t type;
	char name[16];
	char version[sizeof NOSELFCONN_VERSION];
} note __attribute__((used, aligned(4), section(".note.libnoselfconn"))) = {
	.name_size = sizeof "libnoselfconn",
	.version_size = sizeof NOSELFCONN_VERSION,
	.type = 1,
	.name = "libnoselfconn",
	.version = NOSELFCONN_VERSION,
};
