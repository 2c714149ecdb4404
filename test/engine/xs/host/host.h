/* What the files of the test host need of each other; a machine is a txMachine here and an xsMachine there. */
#ifndef FLASHTREE_HOST
#define FLASHTREE_HOST

/* platform.c */
void measure(void* machine);
int slotsInUse(void* machine);
void noteMod(void* machine, int slots);
void paintStack(void* machine);
void report(void* machine, const char* abort, const char* result);

/* preload.c */
void preload(void* machine);

#endif
