/* Reads what kind of file a program or a library is. */
#include "launcher.h"

#include <elf.h>
#include <string.h>

struct elf {
	const unsigned char *bytes;
	size_t size;
	bool is_64;
	bool is_little;
};

/* A number of this width in bytes; 0 beyond the end of the file. */
static uint64_t number_at(const struct elf *elf, uint64_t offset, size_t width)
{
	uint64_t number = 0;

	if (offset > elf->size || width > elf->size - offset)
		return 0;
	for (size_t i = 0; i < width; i++)
		number = number << 8 | elf->bytes[offset + (elf->is_little ? width - 1 - i : i)];
	return number;
}

/* A member of a structure, whose place and width differ between 32-bit and 64-bit files. */
#define MEMBER(elf, base, structure, member)                                                       \
	((elf)->is_64 ? number_at(elf, (base) + offsetof(Elf64_##structure, member),               \
				  sizeof((Elf64_##structure *)0)->member)                          \
		      : number_at(elf, (base) + offsetof(Elf32_##structure, member),               \
				  sizeof((Elf32_##structure *)0)->member))

/* A table in the file; table_of() cuts it at the end of the file. */
struct table {
	uint64_t offset;
	uint64_t entry_size;
	uint64_t count;
};

static struct table table_of(const struct elf *elf, uint64_t offset, uint64_t entry_size,
			     uint64_t count)
{
	struct table table = {.offset = offset, .entry_size = entry_size};
	uint64_t most;

	if (offset >= elf->size || entry_size == 0)
		return table;
	most = (elf->size - offset) / entry_size;
	table.count = count < most ? count : most;
	return table;
}

static struct table segments_of(const struct elf *elf)
{
	return table_of(elf, MEMBER(elf, 0, Ehdr, e_phoff), MEMBER(elf, 0, Ehdr, e_phentsize),
			MEMBER(elf, 0, Ehdr, e_phnum));
}

static struct table sections_of(const struct elf *elf)
{
	return table_of(elf, MEMBER(elf, 0, Ehdr, e_shoff), MEMBER(elf, 0, Ehdr, e_shentsize),
			MEMBER(elf, 0, Ehdr, e_shnum));
}

static uint64_t entry(const struct table *table, uint64_t i)
{
	return table->offset + i * table->entry_size;
}

/* Whether a table of strings has this text, with its '\0', at this place. */
static bool string_is(const struct elf *elf, const struct table *sections, uint64_t strings,
		      uint64_t place, const char *text)
{
	uint64_t offset;
	size_t size = strlen(text) + 1;

	if (strings >= sections->count)
		return false;
	offset = MEMBER(elf, entry(sections, strings), Shdr, sh_offset);
	return offset <= elf->size && place <= elf->size - offset &&
	       size <= elf->size - offset - place &&
	       memcmp(elf->bytes + offset + place, text, size) == 0;
}

/* Whether this table of dynamic symbols defines the name (System V ABI, "Symbol Table"). */
static bool section_defines(const struct elf *elf, const struct table *sections, uint64_t section,
			    const char *name)
{
	struct table symbols = table_of(
		elf, MEMBER(elf, section, Shdr, sh_offset), MEMBER(elf, section, Shdr, sh_entsize),
		MEMBER(elf, section, Shdr, sh_size) /
			(elf->is_64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym)));
	uint64_t strings = MEMBER(elf, section, Shdr, sh_link);

	for (uint64_t i = 0; i < symbols.count; i++)
		if (MEMBER(elf, entry(&symbols, i), Sym, st_shndx) != SHN_UNDEF &&
		    string_is(elf, sections, strings, MEMBER(elf, entry(&symbols, i), Sym, st_name),
			      name))
			return true;
	return false;
}

/* A file has only one table of dynamic symbols (System V ABI, "Sections"). */
static bool defines(const struct elf *elf, const char *name)
{
	struct table sections = sections_of(elf);

	for (uint64_t i = 0; i < sections.count; i++)
		if (MEMBER(elf, entry(&sections, i), Shdr, sh_type) == SHT_DYNSYM)
			return section_defines(elf, &sections, entry(&sections, i), name);
	return false;
}

/*
 * Looks for a note in one segment. A note has three numbers, a name and a description, padded to
 * the segment's alignment (System V ABI, "Note Section"). Returns the offset of the description, or
 * 0.
 */
static uint64_t note_in(const struct elf *elf, uint64_t segment, const char *name, uint32_t type)
{
	uint64_t align = MEMBER(elf, segment, Phdr, p_align) == 8 ? 8 : 4;
	uint64_t note = MEMBER(elf, segment, Phdr, p_offset);
	uint64_t rest = MEMBER(elf, segment, Phdr, p_filesz);
	uint64_t size;

	for (; note < elf->size && rest > sizeof(Elf32_Nhdr); note += size, rest -= size) {
		uint64_t name_size = number_at(elf, note, 4);
		uint64_t description = (sizeof(Elf32_Nhdr) + name_size + align - 1) / align * align;
		size = (description + number_at(elf, note + 4, 4) + align - 1) / align * align;
		if (size > rest || size > elf->size - note)
			return 0;
		if (name_size == strlen(name) + 1 && number_at(elf, note + 8, 4) == type &&
		    memcmp(elf->bytes + note + sizeof(Elf32_Nhdr), name, strlen(name) + 1) == 0)
			return note + description;
	}
	return 0;
}

static uint64_t find_note(const struct elf *elf, const char *name, uint32_t type)
{
	struct table segments = segments_of(elf);
	uint64_t found = 0;

	for (uint64_t i = 0; i < segments.count && found == 0; i++)
		if (MEMBER(elf, entry(&segments, i), Phdr, p_type) == PT_NOTE)
			found = note_in(elf, entry(&segments, i), name, type);
	return found;
}

/*
 * Recognizes programs of Go's own compiler, with or without section headers, by one of two marks:
 * the build ID of cmd/link, which the option -buildid= omits; or the one that debug/buildinfo looks
 * for, since Go 1.13: 0xff and this text at an offset divisible by 16.
 */
static bool is_go(const struct elf *elf)
{
	static const char magic[] = " Go buildinf:";
	const unsigned char *end = elf->bytes + elf->size;
	const unsigned char *found = elf->bytes;

	if (find_note(elf, "Go", 4) != 0)
		return true;
	for (; (found = memmem(found, (size_t)(end - found), magic, strlen(magic))); found++)
		if ((found - elf->bytes) % 16 == 1 && found[-1] == 0xff)
			return true;
	return false;
}

/*
 * Recognizes programs of Free Pascal by the mark that its compiler leaves in each, such as "FPC
 * 3.2.2 [2021/05/16] for x86_64 - Linux". Its run-time library makes system calls by itself even in
 * a dynamic program; it has used libc on other systems only.
 */
static bool is_free_pascal(const struct elf *elf)
{
	static const char magic[] = "FPC ";
	enum { LONGEST = 80 };
	const unsigned char *end = elf->bytes + elf->size;
	const unsigned char *found = elf->bytes;

	for (; (found = memmem(found, (size_t)(end - found), magic, strlen(magic))); found++) {
		size_t rest = (size_t)(end - found);
		const unsigned char *zero = memchr(found, '\0', rest < LONGEST ? rest : LONGEST);
		if (zero && memmem(found, (size_t)(zero - found), "] for ", strlen("] for ")) &&
		    memmem(found, (size_t)(zero - found), " - Linux", strlen(" - Linux")))
			return true;
	}
	return false;
}

static void read_version(const struct elf *elf, char version[VERSION_SIZE])
{
	uint64_t note = find_note(elf, "libnoselfconn", 1);

	for (size_t i = 0; note != 0 && i < VERSION_SIZE - 1; i++)
		if (!(version[i] = (char)number_at(elf, note + i, 1)))
			break;
}

/* Whether the file contains everything that is to be loaded. */
static bool is_whole(const struct elf *elf)
{
	struct table segments = segments_of(elf);

	for (uint64_t i = 0; i < segments.count; i++) {
		uint64_t offset = MEMBER(elf, entry(&segments, i), Phdr, p_offset);
		if (MEMBER(elf, entry(&segments, i), Phdr, p_type) == PT_LOAD &&
		    (offset > elf->size ||
		     MEMBER(elf, entry(&segments, i), Phdr, p_filesz) > elf->size - offset))
			return false;
	}
	return segments.count > 0 && segments.count == MEMBER(elf, 0, Ehdr, e_phnum);
}

/* The addresses of its first byte and of its dynamic section in memory. */
static void read_places(const struct elf *elf, struct program *program)
{
	struct table segments = segments_of(elf);
	bool is_known = false;

	for (uint64_t i = 0; i < segments.count; i++) {
		uint64_t type = MEMBER(elf, entry(&segments, i), Phdr, p_type);
		uint64_t address = MEMBER(elf, entry(&segments, i), Phdr, p_vaddr);
		if (type == PT_LOAD && !is_known) {
			program->start = address;
			is_known = true;
		}
		if (type == PT_DYNAMIC)
			program->dynamic = address;
	}
}

/* As in load_elf_binary() of Linux the first loader counts, and its '\0' must be in the file. */
static void read_loader(const struct elf *elf, char loader[PATH_MAX])
{
	struct table segments = segments_of(elf);

	for (uint64_t i = 0; i < segments.count; i++) {
		uint64_t segment = entry(&segments, i);
		if (MEMBER(elf, segment, Phdr, p_type) != PT_INTERP)
			continue;

		uint64_t offset = MEMBER(elf, segment, Phdr, p_offset);
		size_t size = (size_t)MEMBER(elf, segment, Phdr, p_filesz);
		if (size <= PATH_MAX && offset <= elf->size && size <= elf->size - offset &&
		    memchr(elf->bytes + offset, '\0', size))
			memcpy(loader, elf->bytes + offset, size);
		return;
	}
}

static void read_elf(struct program *program, const unsigned char *bytes, size_t size)
{
	struct elf elf = {.bytes = bytes,
			  .size = size,
			  .is_64 = bytes[EI_CLASS] == ELFCLASS64,
			  .is_little = bytes[EI_DATA] == ELFDATA2LSB};

	program->kind = ELF_PROGRAM;
	program->architecture = (struct architecture){
		.class = bytes[EI_CLASS],
		.byte_order = bytes[EI_DATA],
		.machine = (uint16_t)MEMBER(&elf, 0, Ehdr, e_machine),
	};
	read_loader(&elf, program->interpreter);
	program->is_library = MEMBER(&elf, 0, Ehdr, e_type) == ET_DYN && is_whole(&elf);
	/* Debuggers find the loaded objects by these symbols, in glibc's loader and in musl's. */
	program->is_loader = !*program->interpreter &&
			     (defines(&elf, "_r_debug") || defines(&elf, "_dl_debug_addr"));
	program->past_libc = is_go(&elf) ? "Go" : is_free_pascal(&elf) ? "Free Pascal" : NULL;
	program->defines_connect = defines(&elf, "connect");
	program->is_php = defines(&elf, "php_module_startup");
	read_version(&elf, program->version);
	read_places(&elf, program);
}

static size_t skip(const char *text, size_t size, size_t from, const char *characters)
{
	while (from < size && text[from] && strchr(characters, text[from]))
		from++;
	return from;
}

static size_t skip_word(const char *text, size_t size, size_t from)
{
	while (from < size && text[from] && text[from] != ' ' && text[from] != '\t')
		from++;
	return from;
}

/*
 * As in the kernel (load_script() in fs/binfmt_script.c) the first line counts, within the first
 * 256 bytes. All words behind the interpreter are one argument. If the line does not end there, at
 * least the interpreter's name must.
 */
static void read_script(struct program *program, const char *text, size_t size)
{
	const char *newline;
	size_t end = size < SCRIPT_LINE ? size : SCRIPT_LINE;
	size_t name;
	size_t name_end;
	size_t argument;

	newline = memchr(text, '\n', end);
	if (newline)
		end = (size_t)(newline - text);
	while (end > 2 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
		end--;
	name = skip(text, end, 2, " \t");
	name_end = skip_word(text, end, name);
	if (name == name_end || (name_end == SCRIPT_LINE && !newline))
		return;
	argument = skip(text, end, name_end, " \t");
	program->kind = SCRIPT;
	memcpy(program->interpreter, text + name, name_end - name);
	memcpy(program->argument, text + argument, end - argument);
}

/* Only the first bytes count, because some scripts carry a binary payload behind their text. */
static bool is_text(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size && i < SCRIPT_LINE; i++)
		if (bytes[i] < ' ' && (bytes[i] == 0 || !strchr("\a\b\t\n\v\f\r\33", bytes[i])))
			return false;
	return true;
}

void read_program(struct program *program, const void *image, size_t size)
{
	const unsigned char *bytes = image;

	*program = (struct program){.kind = is_text(bytes, size) ? TEXT : UNKNOWN_FORMAT};
	if (size >= EI_NIDENT && memcmp(bytes, ELFMAG, SELFMAG) == 0)
		read_elf(program, bytes, size);
	else if (size >= 2 && memcmp(bytes, "#!", 2) == 0)
		read_script(program, image, size);
}

bool same_architecture(const struct architecture *a, const struct architecture *b)
{
	return a->class == b->class && a->byte_order == b->byte_order && a->machine == b->machine;
}
