/** The conformance files of heap files, linked elements and node lists. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { MemoryStream } from "../../src/index.ts"
import { ROOT } from "../tidy/sources.ts"

export interface NodeJson {
  flags: number
  key: string | null
  data: string | null
  left: number
  right: number
}

export interface ElementJson {
  pos: number
  prev: number
  succ: number
  data: string
}

/** What one .json may say; which of it is there depends on the kind of file. */
export interface BtcoreJson {
  file?: string
  size?: number
  what?: string
  heap?: { id: number; aloc: number; used: number; data: string }[]
  heap_error?: string
  link_size?: number
  chain?: ElementJson[]
  forward?: ElementJson[]
  link?: number
  links?: number[]
  parent?: number
  nodes?: NodeJson[]
  lengths?: [number, number][]
}

export interface DumpRun {
  tool: "pyheapfile" | "pydllfile" | "pybtreecore"
  args: string[]
  rc: number
  stdout: string
  error: string
}

const FIXTURES: string = join(ROOT, "test/fixtures/btcore")
const SHARED: string = join(ROOT, "../shared/conformance/btcore")

/** The full set where it is there, and our part of it elsewhere. */
export const BTCORE: string = existsSync(SHARED) ? SHARED : FIXTURES

/** Gives the names of the .json files that `pattern` matches, in order. */
export function btcoreNames(pattern: RegExp): string[] {
  return readdirSync(BTCORE)
    .filter((name) => name.endsWith(".json") && pattern.test(name))
    .sort()
}

export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(BTCORE, name), "utf8")) as T
}

export function readImage(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(BTCORE, name)))
}

/** Opens a file of the set as the dump tools' openFile does. */
export function openBtcore(name: string): MemoryStream {
  return new MemoryStream(readImage(name))
}

export function hex(bytes: Uint8Array | undefined): string | null {
  return bytes === undefined ? null : Buffer.from(bytes).toString("hex")
}

export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"))
}
