/** Heap files, linked elements and node lists: the formats of pyheapfile, pydllfile and pybtreecore. */
export type { Complex, Converter } from "./converters.ts"
export * as converters from "./converters.ts"
export * from "./core.ts"
export { type HexdumpResult, type HexdumpTool, hexdump } from "./hexdump/hexdump.ts"
