/** What the sessions put: keys by number, values by version. */
import type { btree } from "../../../src/index.ts"
import { sameBytes } from "../../property/model.ts"

export type BTree = ReturnType<typeof btree.open>
type Cursor = ReturnType<BTree["cursor"]>

function mix(value: number): number {
  let h = value
  h ^= h >>> 16
  h = Math.imul(h, 0x7feb352d)
  h ^= h >>> 15
  h = Math.imul(h, 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}

/** Value(len, key number, version) of the workloads. */
export function makeValue(length: number, k: number, version: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let h = mix((Math.imul(k, 2654435761) + Math.imul(version, 40503) + 1) >>> 0)
  for (let i = 0; i < length; i++) {
    if (i % 4 === 0) h = mix((h + i) >>> 0)
    bytes[i] = h >>> (8 * (i % 4))
  }
  return bytes
}

export function keyOf(k: number): string {
  return `cfg/item/${String(k).padStart(7, "0")}`
}

/** A version from here on has a value on overflow pages, of a length that depends on it. */
export const BIG = 1_000_000

const values = new Map<string, Uint8Array>()

export function recordValue(k: number, version: number): Uint8Array {
  const name = `${k}/${version}`
  let value = values.get(name)
  if (value === undefined) {
    value = makeValue(version < BIG ? 32 : 300 + (version % 7) * 200, k, version)
    if (values.size > 100_000) values.clear()
    values.set(name, value)
  }
  return value
}

const keys: Uint8Array[] = []

function keyBytesOf(k: number): Uint8Array {
  keys[k] ??= new TextEncoder().encode(keyOf(k))
  return keys[k] as Uint8Array
}

/** Key number to version. */
export type State = ReadonlyMap<number, number>

/** Gives what the tree holds, as far as it is not exactly `state`: "" when it is. */
export function differenceFrom(tree: BTree, state: State): string {
  const expected = [...state.keys()].sort((a, b) => a - b)
  let index = 0
  let difference = ""
  const compare = (cursor: Cursor): boolean => {
    const k = expected[index++]
    if (k === undefined) {
      difference = `holds ${Buffer.from(cursor.key()).toString()} too`
    } else if (!sameBytes(cursor.key(), keyBytesOf(k))) {
      difference = `holds ${Buffer.from(cursor.key()).toString()} where ${keyOf(k)} should be`
    } else if (!sameBytes(cursor.value(), recordValue(k, state.get(k) as number))) {
      difference = `${keyOf(k)} has not the value of version ${state.get(k)}`
    }
    return difference === ""
  }
  tree.forEach(compare)
  if (difference === "" && index < expected.length) difference = `lacks ${keyOf(expected[index] as number)}`
  return difference
}
