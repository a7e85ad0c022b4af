/* The least that any preload costs: a file to map, and one symbol. */
extern int empty;
int empty = 1;
