/**
 * What modules take in flash, by XS's own compiler, which @agoric/xsnap carries as source: compiler/ makes a program of it. It is older than
 * the SDK's, whose byte code for a mod is about one percent smaller.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CACHE, compile, XSNAP } from "./sources.ts"

/** Of one module. */
export interface Size {
  /** Bytes of byte code. */
  code: number
  /** Identifiers in it. */
  ids: number
  /** What these stand for, each once. */
  names: string[]
  /** Kind of instruction -> bytes of byte code. */
  instructions: Record<string, number>
}

/** Gives the sizes of the modules in these files. @throws Error with the compiler's words */
export function sizesOf(paths: string[]): Size[] {
  const out = join(CACHE, "compiler")
  const variables = [`XS=${join(XSNAP, "moddable/xs")}`, `OUT=${out}`]
  const folder = fileURLToPath(new URL("compiler", import.meta.url))
  compile("compiler.lock", "make", ["-s", "-j2", "-f", "Makefile", ...variables], folder)
  const { stdout, stderr, status } = spawnSync(join(out, "compiler"), paths, { encoding: "utf8" })
  if (status !== 0) throw new Error(`XS's compiler: ${stderr}`)
  return JSON.parse(stdout) as Size[]
}

const ID_BYTES = 2
/** The head of a part: its length, and four letters. */
const ATOM_BYTES = 8
const VERSION_BYTES = 4
const SIGNATURE_BYTES = 16

/** Gives the bytes of the archive (.xsa) that the SDK's linker makes of modules, path -> size, as xslBase.c writes it. */
export function archiveBytes(name: string, modules: Map<string, Size>): number {
  const names = new Set([...modules.values()].flatMap((size) => size.names))
  let ids = 0
  let code = 0
  for (const [path, size] of modules) {
    ids += size.ids
    code += ATOM_BYTES + path.length + 1 + ATOM_BYTES + size.code
  }
  const contents = [
    VERSION_BYTES,
    SIGNATURE_BYTES,
    name.length + 1,
    ID_BYTES + textBytes([...names, ""]),
    ID_BYTES * (names.size + 1), // its place for what the names are numbered as on a board
    ID_BYTES * ids,
    code,
    0, // no resources
  ]
  return contents.reduce((sum, bytes) => sum + ATOM_BYTES + bytes, ATOM_BYTES)
}

function textBytes(texts: string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)
}
