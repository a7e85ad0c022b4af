/* What any preload costs. */
extern int empty;
int empty;
