/* What XS asks of its platform: memory within the limits, modules from files, and the end of the machine. */
#include "xsAll.h"
#include "xsScript.h"
#include "host.h"

void fxCreateMachinePlatform(txMachine* the)
{
	Limits* limits = the->context;
	if (limits && limits->arena) {
		txSize slots = limits->arena / BOARD_SLOT_BYTES;
		the->arenaBytes = limits->arena;
		the->arena = c_malloc(limits->arena);
		the->arenaSlots = (char*)c_malloc(slots * sizeof(txSlot)) + slots * sizeof(txSlot);
	}
}

void fxDeleteMachinePlatform(txMachine* the)
{
}

static txSize arenaRoom(txMachine* the)
{
	return the->arenaBytes - the->arenaChunkBytes - the->arenaSlotCount * BOARD_SLOT_BYTES;
}

void* fxAllocateChunks(txMachine* the, txSize size)
{
	void* result;
	if (!the->arena)
		return c_malloc(size);
	if (arenaRoom(the) < size)
		return C_NULL;
	result = the->arena + the->arenaChunkBytes;
	the->arenaChunkBytes += size;
	return result;
}

void fxFreeChunks(txMachine* the, void* chunks)
{
}

/* When the arena is used up, the chunks are compacted and what is free behind them is given to the slots. */
static void shrinkChunks(txMachine* the)
{
	txSize free;
	fxCollect(the, XS_COMPACT_FLAG | XS_ORGANIC_FLAG);
	free = (txSize)(the->firstBlock->limit - the->firstBlock->current);
	the->firstBlock->limit = the->firstBlock->current;
	the->maximumChunksSize -= free;
	the->arenaChunkBytes -= free;
}

txSlot* fxAllocateSlots(txMachine* the, txSize count)
{
	if (!the->arena)
		return c_malloc(count * sizeof(txSlot));
	if (arenaRoom(the) < count * BOARD_SLOT_BYTES && the->firstBlock)
		shrinkChunks(the);
	if (arenaRoom(the) < count * BOARD_SLOT_BYTES)
		return C_NULL;
	the->arenaSlotCount += count;
	the->arenaSlots -= count * sizeof(txSlot);
	return (txSlot*)the->arenaSlots;
}

void fxFreeSlots(txMachine* the, void* slots)
{
}

void fxQueuePromiseJobs(txMachine* the)
{
}

/* Says on standard error which functions were running, the innermost first. */
static void printCallers(txMachine* the)
{
	txSlot* frame;
	for (frame = the->frame; frame; frame = frame->next) {
		txSlot* property = (frame + 3)->kind == XS_REFERENCE_KIND ? (frame + 3)->value.reference->next : C_NULL;
		while (property && property->ID != mxID(_name))
			property = property->next;
		fprintf(stderr, "%s < ", property ? property->value.string : "?");
	}
	fprintf(stderr, "host\n");
}

/* Neither catch nor finally runs after this: on a board the machine is gone, and with it the firmware. */
void fxAbort(txMachine* the, int status)
{
	static const char* reasons[] = { "debugger", "memory full", "stack overflow", "fatal check", "dead strip" };
	int known = status >= 0 && status < (int)(sizeof(reasons) / sizeof(reasons[0]));
	printCallers(the);
	report(the, known ? reasons[status] : status == XS_NO_MORE_KEYS_EXIT ? "not enough keys" : "unhandled", C_NULL);
	c_exit(0);
}

/* A name that begins with "./" is a file beside the importing one; so is a module of the SDK, with dashes in its name. */
txID fxFindModule(txMachine* the, txSlot* realm, txID moduleID, txSlot* slot)
{
	char name[C_PATH_MAX];
	char path[2 * C_PATH_MAX];
	char* slash;
	fxToStringBuffer(the, slot, name, sizeof(name));
	if (moduleID == XS_NO_ID)
		return fxNewNameC(the, name);
	c_strcpy(path, fxGetKeyName(the, moduleID));
	slash = c_strrchr(path, '/') + 1;
	if (name[0] == '.')
		c_strcpy(slash, name + 2);
	else if (!c_strncmp(name, "embedded:", 9)) {
		char* dash;
		sprintf(slash, "%s.js", name);
		while ((dash = strpbrk(slash, ":/")))
			*dash = '-';
	}
	else
		c_strcpy(path, name);
	return fxNewNameC(the, path);
}

/* Gives the IDs that the names of the script have in this machine, by their place in the script. */
static txID* linkNames(txMachine* the, txByte* p)
{
	txID count;
	txID i;
	txID* ids;
	mxDecodeID(p, count);
	ids = c_calloc(count, sizeof(txID));
	for (i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += c_strlen((char*)p) + 1;
	}
	return ids;
}

/* As in firmware, where code lies in flash: it is linked once; functions and strings are used in place, not copied into chunks. */
static void keepInPlace(txMachine* the, txScript* script)
{
	txByte* p = script->codeBuffer;
	txByte* end = p + script->codeSize;
	txID* ids = linkNames(the, script->symbolsBuffer);
	while (p < end) {
		txS1 size = gxCodeSizes[*(txU1*)p];
		switch (*(txU1*)p) {
		case XS_CODE_CODE_1: *p = (txByte)XS_CODE_CODE_ARCHIVE_1; break;
		case XS_CODE_CODE_2: *p = (txByte)XS_CODE_CODE_ARCHIVE_2; break;
		case XS_CODE_CODE_4: *p = (txByte)XS_CODE_CODE_ARCHIVE_4; break;
		case XS_CODE_STRING_1: *p = (txByte)XS_CODE_STRING_ARCHIVE_1; break;
		case XS_CODE_STRING_2: *p = (txByte)XS_CODE_STRING_ARCHIVE_2; break;
		case XS_CODE_STRING_4: *p = (txByte)XS_CODE_STRING_ARCHIVE_4; break;
		}
		if (size > 0)
			p += size;
		else if (size == 0) {
			txID id;
			p++;
			mxDecodeID(p, id);
			p -= sizeof(txID);
			mxEncodeID(p, ids[id]);
		}
		else {
			txU4 length = 0;
			c_memcpy(&length, p + 1, -size);
			p += 1 - size + length;
		}
	}
	c_free(ids);
	script->symbolsBuffer = C_NULL;
}

void fxLoadModule(txMachine* the, txSlot* module, txID moduleID)
{
	FILE* file = fopen(fxGetKeyName(the, moduleID), "r");
	txScript* script;
	if (!file)
		return;
	script = fxParseScript(the, file, (txGetter)fgetc, 0);
	fclose(file);
	if (!script)
		return;
	keepInPlace(the, script);
	fxResolveModule(the, module, moduleID, script, C_NULL, C_NULL);
}

/* Collects, and remembers the most that was in use after a collection: what the program cannot do without. */
void measure(void* machine)
{
	txMachine* the = machine;
	fxCollect(the, XS_COMPACT_FLAG);
	if (the->liveSlots < the->currentHeapCount)
		the->liveSlots = the->currentHeapCount;
	if (the->liveChunks < the->currentChunksSize)
		the->liveChunks = the->currentChunksSize;
}

/* Collects; gives the slots that are in use then. */
int slotsInUse(void* machine)
{
	txMachine* the = machine;
	fxCollect(the, XS_COMPACT_FLAG);
	return the->currentHeapCount;
}

/* Notes what the import of a mod took. */
void noteMod(void* machine, int slots)
{
	((txMachine*)machine)->modSlots = slots;
}

static const unsigned char PAINT = 0xa5;

/* XS converts numbers to text in the bottom of the stack, so the search begins at the top: so many untouched slots end it. */
enum { UNTOUCHED_SLOTS = 16 };

static txSize usedStack(txMachine* the)
{
	const txSize untouched = UNTOUCHED_SLOTS * sizeof(txSlot);
	unsigned char* deepest = (unsigned char*)the->stackTop;
	unsigned char* at = deepest;
	while (at > (unsigned char*)the->stackBottom && deepest - at < untouched) {
		at--;
		if (*at != PAINT)
			deepest = at;
	}
	return ((unsigned char*)the->stackTop - deepest + sizeof(txSlot) - 1) / sizeof(txSlot);
}

/* Makes the unused stack recognisable, so that report() can tell how deep it was used. */
void paintStack(void* machine)
{
	txMachine* the = machine;
	c_memset(the->stackBottom, PAINT, (char*)the->stack - (char*)the->stackBottom);
}

/* Prints one line of JSON; `abort` is why XS ended the machine, `result` what the module gave, itself JSON. */
void report(void* machine, const char* abort, const char* result)
{
	txMachine* the = machine;
	int aliases = 0;
	int i;
	for (i = 0; i < the->aliasCount; i++)
		if (the->aliasArray[i])
			aliases++;
	printf("{\"slotBytes\":%d,\"slots\":%d,\"peakSlots\":%d,\"liveSlots\":%d,", (int)sizeof(txSlot),
		(int)the->maximumHeapCount, (int)the->peakHeapCount, the->liveSlots);
	printf("\"chunkBytes\":%d,\"peakChunkBytes\":%d,\"liveChunkBytes\":%d,", (int)the->maximumChunksSize,
		(int)the->peakChunksSize, the->liveChunks);
	printf("\"stack\":%d,\"peakStack\":%d,\"aliases\":%d,\"modSlots\":%d,", (int)(the->stackTop - the->stackBottom),
		(int)usedStack(the), aliases, the->modSlots);
	printf("\"abort\":\"%s\",\"result\":%s}\n", abort ? abort : "", result ? result : "null");
	fflush(stdout);
}
