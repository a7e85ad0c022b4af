/*
 * On some processors the compiler calls these functions to copy or clear structures. A program may
 * have other functions with these names, so the library has hidden ones of its own.
 */
#include <string.h>

void *memset(void *memory, int byte, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)memory)[i] = (unsigned char)byte;
	return memory;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	return to;
}
