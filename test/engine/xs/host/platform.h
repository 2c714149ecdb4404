/*
 * The platform part of XS for the test host: a machine that is given limits has the memory of a board and no more, like
 * Moddable's on microcontrollers; a machine without limits (the one that preloads) has what it asks for.
 */
#ifndef FLASHTREE_HOST_PLATFORM
#define FLASHTREE_HOST_PLATFORM

#undef mxLittleEndian
#define mxLittleEndian 1
#undef mxLinux
#define mxLinux 1
#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

#include <arpa/inet.h>
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define mxUseGCCAtomics 1
#define mxUsePOSIXThreads 1
#define mxUseDefaultBuildKeys 1
#define mxUseDefaultParseScript 1
#define mxUseDefaultSharedChunks 1

#if INTPTR_MAX == INT64_MAX
#define mx32bitID 1
#endif

/*
 * What a board gives to XS. With `arena`, stack, slots and chunks share that many bytes and the others are first sizes. A slot
 * counts as the 16 bytes that it has on a board; where this program is a 64-bit one, slots lie apart from the arena, and chunks
 * have larger headers than on a board: what fits there fits on the board.
 */
typedef struct {
	int chunkBytes;
	int slots;
	int stack;
	int arena;
} Limits;

enum { BOARD_SLOT_BYTES = 16 };

#define mxMachinePlatform \
	void* waiterCondition; \
	void* waiterData; \
	void* waiterLink; \
	/* Chunks grow up from `arena`, slots and the stack come down from `arenaSlots`; the two numbers are what they use. */ \
	char* arena; \
	char* arenaSlots; \
	int arenaBytes; \
	int arenaChunkBytes; \
	int arenaSlotCount; \
	int liveSlots; \
	int liveChunks; \
	int modSlots;

#endif
