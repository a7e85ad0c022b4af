/* Before main(). */
#include "noselfconn.h"

__attribute__((constructor)) static void start(void)
{
	find_next_definitions();
	settings = read_settings();
}
