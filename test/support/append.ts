/** The conformance files of the append-only tree, and what is done with them. */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as append from "../../src/append/index.ts"
import { MemoryStream } from "../../src/index.ts"
import { hex } from "./berkeley.ts"

export type Pair = [string, string]
export type LogOp = (string | { errno: string | number })[]

export interface AppendJson {
  what: string
  size: number
  page_size?: number
  reverse_key?: boolean
  open: { ok: boolean; errno?: number }
  stat?: Record<string, number>
  items?: number
  items_digest?: string
  contents?: Pair[]
  metas?: { pgno: number; root: number; entries: number; revisions: number }[]
  meta_count?: number
  revisions?: { items: number; digest: string }[]
  shape_counted?: { branch: number; leaf: number; overflow: number; depth: number }
  sha256_masked?: string
  ops?: LogOp[]
  expected?: Pair[]
  expected_items?: number
}

export interface AppendFile {
  name: string
  json: AppendJson
  image: Uint8Array | undefined
}

/** Where the shared data lie beside the project; empty where the repository stands alone. */
const SHARED = fileURLToPath(new URL("../../../shared/conformance/append", import.meta.url))
const FIXTURES = fileURLToPath(new URL("../fixtures/append", import.meta.url))

/** Gives the files of both places. */
export function appendFiles(): AppendFile[] {
  const files = new Map<string, AppendFile>()
  for (const folder of [FIXTURES, SHARED]) {
    if (!existsSync(folder)) continue
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
      const name = file.slice(0, -5)
      const db = join(folder, `${name}.db`)
      files.set(name, {
        name,
        json: JSON.parse(readFileSync(join(folder, file), "utf8")) as AppendJson,
        image: existsSync(db) ? new Uint8Array(readFileSync(db)) : undefined,
      })
    }
  }
  return [...files.values()]
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"))
}

interface Readable {
  cursor(): append.AppendCursor
}

/** Gives all records by cursor, in order. */
export function recordsOf(source: Readable): [Uint8Array, Uint8Array][] {
  const found: [Uint8Array, Uint8Array][] = []
  const cursor = source.cursor()
  for (let on = cursor.first(); on; on = cursor.next()) found.push([cursor.key(), cursor.value()])
  return found
}

export function pairsOf(source: Readable): Pair[] {
  return recordsOf(source).map(([key, value]) => [hex(key), hex(value)])
}

/** SHA-256 over u32le key length, key, u32le value length, value. */
export function digestOf(records: [Uint8Array, Uint8Array][]): string {
  const hash = createHash("sha256")
  const length = Buffer.alloc(4)
  for (const record of records)
    for (const part of record) {
      length.writeUInt32LE(part.length)
      hash.update(length).update(part)
    }
  return hash.digest("hex")
}

const NONE = 0xffffffff

/** Gives the file with its don't-care bytes zeroed; `counters`: also the counters of commit records, and their hashes. */
export function masked(image: Uint8Array, pagesize: number, counters = false): Uint8Array {
  const bytes = image.slice()
  const view = new DataView(bytes.buffer)
  for (let base = 0; base + pagesize <= bytes.length; base += pagesize) {
    const flags = view.getUint32(base + 4, true)
    const end = base + pagesize
    if (view.getUint32(base, true) !== base / pagesize) continue
    if (flags === 0x10) bytes.fill(0, base + 28, end)
    else if (flags === 8) {
      bytes.fill(0, base + 80, end)
      if (counters) {
        bytes.fill(0, base + 32, base + 44)
        bytes.fill(0, base + 48, base + 80)
      }
    } else if (flags === 1 || flags === 2) {
      bytes.fill(0, base + view.getUint16(base + 8, true), base + view.getUint16(base + 10, true))
    }
  }
  return bytes
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

/** Gives the ends of the commits of a sound file, in bytes. */
export function commitEnds(image: Uint8Array, pagesize: number): number[] {
  const view = new DataView(image.buffer, image.byteOffset)
  const ends: number[] = []
  for (let base = pagesize; base + pagesize <= image.length; base += pagesize) {
    const root = view.getUint32(base + 16, true)
    const content = createHash("sha1")
      .update(image.subarray(base + 12, base + 60))
      .digest("hex")
    const isSound =
      view.getUint32(base, true) === base / pagesize &&
      view.getUint32(base + 4, true) === 8 &&
      (root === NONE || root < base / pagesize) &&
      content === hex(image.subarray(base + 60, base + 80))
    if (isSound) ends.push(base + pagesize)
  }
  return ends
}

/** Does the operations of a log on a new tree; gives the stream. An operation that the original refused is refused here, too. */
export function replay(json: AppendJson, cachesize?: number): MemoryStream {
  const stream = new MemoryStream()
  let commits = 0
  const tree = append.open(stream, {
    pagesize: json.page_size ?? 4096,
    ...(cachesize === undefined ? {} : { cachesize }),
    flags: json.reverse_key ? append.BT_REVERSEKEY : 0,
    clock: () => 1700000000 + ++commits,
  })
  let txn: append.Transaction | undefined
  for (const op of json.ops ?? []) {
    const [what, key, value, flags] = op as [string, string, string, number | object]
    const target = txn ?? tree
    const isRefused = op.some((part) => typeof part === "object")
    if (what === "begin") txn = tree.begin()
    else if (what === "commit") {
      txn?.commit()
      txn = undefined
    } else if (what === "abort") {
      txn?.abort()
      txn = undefined
    } else if (what === "put") {
      const noOverwrite = typeof flags === "number" ? flags : 0
      if (isDone(() => target.put(bytesOf(key), bytesOf(value), noOverwrite)) === isRefused)
        throw new Error(`put ${key}: ${isRefused ? "not refused" : "refused"}`)
    } else if (what === "del") {
      if (isDone(() => target.delete(bytesOf(key))) === isRefused)
        throw new Error(`del ${key}: ${isRefused ? "not refused" : "refused"}`)
    } else throw new Error(`unknown operation ${what}`)
  }
  tree.close()
  return stream
}

/** False where the operation says so, or refuses its arguments. */
function isDone(action: () => boolean): boolean {
  try {
    return action()
  } catch (error) {
    if ((error as { code?: string }).code !== "EINVAL") throw error
    return false
  }
}
