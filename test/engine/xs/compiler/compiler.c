/*
 * Says what XS's compiler makes of modules, as the SDK's xsc does for a board: with two bytes for an identifier, without lines.
 *
 * compiler <module> ...
 *
 * Prints an array of JSON with an object for each module: `code`, the bytes of its byte code; `ids`, how many identifiers stand in that
 * code; `names`, what they stand for; `instructions`, the bytes that each kind of instruction takes.
 */
#include "xsScript.h"

extern const txS1 gxCodeSizes[XS_CODE_COUNT];
extern const txString gxCodeNames[XS_CODE_COUNT];

enum { PARSER_BYTES = 1 << 20, SYMBOLS = 1993 };

void fxAbort(void* console, int status)
{
	fprintf(stderr, "the compiler gave up: %d\n", status);
	c_exit(1);
}

txID fxGenerateProfileID(void* console)
{
	return XS_NO_ID;
}

void fxGenerateTag(void* console, txString buffer, txInteger size, txString path)
{
	snprintf(buffer, size, "#0");
}

void fxVReport(void* console, txString format, c_va_list arguments)
{
	vfprintf(stderr, format, arguments);
}

void fxVReportError(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	fprintf(stderr, "%s:%d: ", path ? path : "?", (int)line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void fxVReportWarning(void* console, txString path, txInteger line, txString format, c_va_list arguments)
{
	fxVReportError(console, path, line, format, arguments);
}

/* The size of the instruction at `p`; what follows a text or a number of digits says how long it is. */
static txSize sizeOf(txByte* p)
{
	txS1 size = gxCodeSizes[*(txU1*)p];
	txU4 length = 0;
	if (size > 0)
		return size;
	if (size == 0)
		return 1 + sizeof(txID);
	c_memcpy(&length, p + 1, -size);
	return 1 - size + length;
}

/* Prints the names of a script, which the first of them, without a name, precedes. */
static void printNames(txByte* p)
{
	txID count;
	txID i;
	const char* c;
	mxDecodeID(p, count);
	printf("\"names\":[");
	for (i = 1; i < count; i++) {
		printf(i > 1 ? ",\"" : "\"");
		for (c = (const char*)p; *c; c++)
			printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
		putchar('"');
		p += c_strlen((char*)p) + 1;
	}
	printf("],");
}

static void print(txScript* script)
{
	txSize bytes[XS_CODE_COUNT] = { 0 };
	txByte* p = script->codeBuffer;
	txByte* end = p + script->codeSize;
	txSize ids = 0;
	const char* comma = "";
	int i;
	while (p < end) {
		txSize size = sizeOf(p);
		if (gxCodeSizes[*(txU1*)p] == 0)
			ids++;
		bytes[*(txU1*)p] += size;
		p += size;
	}
	printf("{\"code\":%d,\"ids\":%d,", (int)script->codeSize, (int)ids);
	printNames(script->symbolsBuffer);
	printf("\"instructions\":{");
	for (i = 0; i < XS_CODE_COUNT; i++) {
		if (bytes[i] == 0)
			continue;
		printf("%s\"%s\":%d", comma, gxCodeNames[i], (int)bytes[i]);
		comma = ",";
	}
	printf("}}");
}

static int compile(const char* path)
{
	txParser parser;
	txParserJump jump;
	txScript* script = C_NULL;
	FILE* file = fopen(path, "r");
	if (!file) {
		fprintf(stderr, "%s cannot be read\n", path);
		return 1;
	}
	fxInitializeParser(&parser, C_NULL, PARSER_BYTES, SYMBOLS);
	parser.firstJump = &jump;
	if (c_setjmp(jump.jmp_buf) == 0) {
		parser.origin = parser.path = fxNewParserSymbol(&parser, (txString)path);
		fxParserTree(&parser, file, (txGetter)fgetc, 0, C_NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	fclose(file);
	if (!script || parser.errorCount > 0)
		return 1;
	print(script);
	fxDeleteScript(script);
	fxTerminateParser(&parser);
	return 0;
}

int main(int argc, char** argv)
{
	int i;
	putchar('[');
	for (i = 1; i < argc; i++) {
		if (i > 1)
			putchar(',');
		if (compile(argv[i]))
			return 1;
	}
	puts("]");
	return 0;
}
