/*
 * Runs a module as firmware does: it is evaluated in one machine and preloaded, then its function `main` is called in another
 * one that has a board's memory. The module finds the flash of the board in three global functions, written in C as a board's
 * driver is; the array behind them is outside the heap of XS.
 *
 * host <chunk bytes> <slots> <stack slots> <arena bytes or 0> <argument of main> <module> [<mod>]
 *
 * The variable FLASH_IMAGE names a file with what the flash holds from its beginning; without it the flash is erased.
 *
 * A mod is imported first, by the machine that has the board's memory, as a board does: nothing of it is preloaded.
 */
#include "xsmc.h"
#include "host.h"

enum { FLASH_SIZE = 1 << 18, BLOCK_LENGTH = 4096 };

static unsigned char flash[FLASH_SIZE];

static void checkRange(xsMachine* the, xsUnsignedValue offset, xsUnsignedValue length)
{
	if (offset > FLASH_SIZE || length > FLASH_SIZE - offset)
		xsRangeError("beyond the flash");
}

static void flashRead(xsMachine* the)
{
	void* data;
	xsUnsignedValue length;
	xsUnsignedValue offset = xsmcToInteger(xsArg(1));
	xsmcGetBufferWritable(xsArg(0), &data, &length);
	checkRange(the, offset, length);
	memcpy(data, flash + offset, length);
	xsmcSetInteger(xsResult, length);
}

static void flashWrite(xsMachine* the)
{
	void* data;
	xsUnsignedValue length;
	xsUnsignedValue i;
	xsUnsignedValue offset = xsmcToInteger(xsArg(1));
	xsmcGetBufferReadable(xsArg(0), &data, &length);
	checkRange(the, offset, length);
	for (i = 0; i < length; i++)
		flash[offset + i] &= ((unsigned char*)data)[i];
}

static void flashErase(xsMachine* the)
{
	xsUnsignedValue start = xsmcToInteger(xsArg(0)) * BLOCK_LENGTH;
	xsUnsignedValue end = xsmcToInteger(xsArg(1)) * BLOCK_LENGTH;
	checkRange(the, start, end - start);
	memset(flash + start, 0xff, end - start);
}

static void loadFlash(const char* path)
{
	FILE* file;
	memset(flash, 0xff, sizeof(flash));
	if (!path)
		return;
	file = fopen(path, "rb");
	if (!file || fread(flash, 1, sizeof(flash), file) == 0) {
		fprintf(stderr, "%s cannot be read\n", path);
		exit(1);
	}
	fclose(file);
}

static void measureNow(xsMachine* the)
{
	measure(the);
}

/* The sources are older than the SDK's, whose strings have this method. Strings are UTF-8: a surrogate is ED A0..BF xx. */
static void isWellFormed(xsMachine* the)
{
	const unsigned char* text = (const unsigned char*)xsmcToString(xsThis);
	while (*text && !(text[0] == 0xed && text[1] >= 0xa0))
		text++;
	xsmcSetBoolean(xsResult, *text == 0);
}

static void define(xsMachine* the, const char* name, xsCallback callback, int length)
{
	xsResult = xsNewHostFunction(callback, length);
	xsmcDefine(xsGlobal, xsID(name), xsResult, xsDontEnum);
}

static xsMachine* preloadModule(const char* path)
{
	xsCreation creation = { 1 << 24, 1 << 20, 1 << 18, 1 << 16, 4096, 4096, 1024, 127, 127, 1 << 22, 1993, 0 };
	xsMachine* machine = xsCreateMachine(&creation, "preload", NULL);
	int failed = 0;
	xsBeginHost(machine);
	{
		xsTry {
			define(the, "flashRead", flashRead, 2);
			define(the, "flashWrite", flashWrite, 2);
			define(the, "flashErase", flashErase, 2);
			define(the, "measure", measureNow, 0);
			xsResult = xsNewHostFunction(isWellFormed, 0);
			xsmcDefine(xsStringPrototype, xsID("isWellFormed"), xsResult, xsDontEnum);
			xsResult = xsAwaitImport(path, XS_IMPORT_NAMESPACE);
		}
		xsCatch {
			fprintf(stderr, "%s: %s\n", path, xsmcToString(xsException));
			failed = 1;
		}
	}
	xsEndHost(machine);
	if (failed)
		exit(1);
	preload(machine);
	return machine;
}

static void runMain(xsMachine* machine, const char* path, const char* argument, const char* mod)
{
	paintStack(machine);
	xsBeginHost(machine);
	{
		xsmcVars(2);
		xsTry {
			if (mod) {
				int before = slotsInUse(the);
				xsVar(0) = xsAwaitImport(mod, XS_IMPORT_NAMESPACE);
				noteMod(the, slotsInUse(the) - before);
			}
			xsVar(0) = xsAwaitImport(path, XS_IMPORT_NAMESPACE);
			xsmcSetString(xsVar(1), (char*)argument);
			xsmcCall(xsResult, xsVar(0), xsID("main"), &xsVar(1), NULL);
			measure(the);
			report(the, NULL, xsmcToString(xsResult));
		}
		xsCatch {
			fprintf(stderr, "%s\n", xsmcToString(xsException));
			exit(2);
		}
	}
	xsEndHost(machine);
}

int main(int argc, char** argv)
{
	if (argc != 7 && argc != 8) {
		fprintf(stderr, "host <chunk bytes> <slots> <stack slots> <arena bytes or 0> <argument> <module> [<mod>]\n");
		return 64;
	}
	Limits limits = { atoi(argv[1]), atoi(argv[2]), atoi(argv[3]), atoi(argv[4]) };
	int grows = limits.arena != 0;
	xsCreation creation = { limits.chunkBytes, grows ? 512 : 0, limits.slots, grows ? 64 : 0, limits.stack, 64, 32, 127, 127, 1024, 127, 0 };
	loadFlash(getenv("FLASH_IMAGE"));
	xsMachine* shared = preloadModule(argv[6]);
	xsMachine* machine = xsCloneMachine(&creation, shared, "board", &limits);
	runMain(machine, argv[6], argv[5], argc == 8 ? argv[7] : NULL);
	return 0;
}
