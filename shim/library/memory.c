/*
 * What the compiler calls for structures on some processors. A program may have functions of these
 * names, so the library has its own, which nobody else sees.
 */
#include <stddef.h>

void *memset(void *memory, int byte, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

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
