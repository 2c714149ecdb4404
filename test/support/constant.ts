/** Constant databases for tests: the conformance files and what their .json says must be in them. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { bytes, type KeyType, uint32, uint64 } from "../../src/constant/index.ts"
import { ROOT } from "./berkeley.ts"

/** The cases that are part of the repository. */
export const CONSTANT_FIXTURES: string = join(ROOT, "test/fixtures/constant")
/** The full set, where the project's shared folder lies beside the repository. */
export const CONSTANT_SHARED: string = join(ROOT, "../shared/conformance/cbtreedb")

export interface ConstantHeaderCase {
  signature: string
  header_crc32: number
  version: number
  app_version_id: number
  items: number
  key_size: number
  btree_offset: number
  btree_size: number
  btree_firstleaf: number
  btree_pagesize: number
  btree_levels: number
  btree_leaves: number
  btree_sha256: string
  value_offset: number
  value_size: number
  value_sha256: string
}

/** The keys of a case's .json that the tests use; bad_* have `what` and `base` in the place of most. */
export interface ConstantCase {
  file: string
  bytes: number
  what?: string
  key_type?: "uint32" | "uint64" | "bytes12"
  compare?: "less" | "greater"
  page_size?: number
  app_version_id?: number
  items?: number
  value_rule?: "small" | "big"
  header?: ConstantHeaderCase
  contents?: [string, string][]
  original?: Record<string, boolean | number | string>
}

export interface ConstantFile {
  name: string
  json: ConstantCase
  image: Uint8Array
}

/** Gives every case of `directory`, in order of name; none where there is no such directory. */
export function constantFiles(directory: string): ConstantFile[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((file) => file.endsWith(".db"))
    .sort()
    .map((file) => {
      const name = file.slice(0, -".db".length)
      const json = JSON.parse(readFileSync(join(directory, `${name}.json`), "utf8")) as ConstantCase
      return { name, json, image: new Uint8Array(readFileSync(join(directory, file))) }
    })
}

// biome-ignore lint/suspicious/noExplicitAny: the cases have keys of several types
export type AnyType = KeyType<any>

/** The opposite order of a key type. */
export function descending(type: AnyType): AnyType {
  const ascending = type.compare as NonNullable<AnyType["compare"]>
  return { ...type, compare: (a, ao, b, bo) => ascending(b, bo, a, ao) }
}

/** Gives the key type of a case. */
export function typeOf({ key_type, compare }: ConstantCase): AnyType {
  const types: Record<string, AnyType> = { uint32, uint64, bytes12: bytes(12) }
  const type = types[key_type ?? "uint32"] as AnyType
  return compare === "greater" ? descending(type) : type
}

/** Gives key number `i` of the rule that the README of the conformance files states. */
export function keyOf(kind: string, i: number): unknown {
  if (kind === "uint32") return 37 * i + 5
  if (kind === "uint64") return BigInt(i) * 0x100000001n + 7n
  const key = Buffer.alloc(12)
  key.write("sens")
  key.writeUInt32BE(3 * i, 4)
  key[8] = 0xa5
  key[11] = i & 255
  return new Uint8Array(key)
}

/** Gives value number `i` of a rule. */
export function valueOfRule(rule: string, i: number): Uint8Array {
  if (rule === "small") {
    const length = ((7919 * i) % 2 ** 32) % 8
    return Uint8Array.from({ length }, (_, j) => (i + 31 * j) & 255)
  }
  const length = i % 10 === 0 ? 0 : ((37 * i * i) % 2 ** 32) % 3000
  return Uint8Array.from({ length }, (_, j) => (3 * i + 7 * j) & 255)
}

/** Gives all items of a case in the order of its keys. */
export function itemsOf({ key_type, compare, items, value_rule }: ConstantCase): [unknown, Uint8Array][] {
  const list = Array.from({ length: items ?? 0 }, (_, i): [unknown, Uint8Array] => [
    keyOf(key_type ?? "uint32", i),
    valueOfRule(value_rule ?? "small", i),
  ])
  return compare === "greater" ? list.reverse() : list
}
