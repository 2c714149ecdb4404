/**
 * Goal: an open store leaves an Espruino board's variables to the application. Method: the finished modules open a volume and a tree in a
 * realm, and what they hold is counted by Espruino's own rules (variables.ts); the rules are held against what Espruino 2v29 said of the same
 * values, with variables of 13 and of 14 bytes (the difference of two process.memory().usage).
 */
import { expect, it } from "vitest"
import { boardsOf } from "../../support/boards.ts"
import { Realm } from "./realm.ts"
import { countVariables, type VariableBytes } from "./variables.ts"

class Instance {
  a = 1
  b = null
}

const bytes = (length: number) => new Uint8Array(length)

/** What each value took in the interpreter, at 13 and at 14 bytes. */
const SEEN: [string, unknown, number, number][] = [
  ["{}", {}, 1, 1],
  ["a number", { a: 4095 }, 2, 2],
  ["a larger number", { a: 4096 }, 3, 2],
  ["a negative number", { a: -4097 }, 3, 2],
  ["null", { a: null }, 3, 3],
  ["undefined", { a: undefined }, 2, 2],
  ["true", { a: true }, 3, 3],
  ["a fraction", { a: 1.5 }, 3, 3],
  ["a text", { a: "" }, 3, 3],
  ["a name of 5", { abcde: 0 }, 3, 3],
  ["a name of 14", { abcdefghijklmn: 0 }, 4, 3],
  ["a name of 15", { abcdefghijklmno: 0 }, 4, 4],
  ["a list", [1, 2], 3, 3],
  ["a list of objects", [{}], 3, 3],
  ["an instance", new Instance(), 6, 6],
  ["1 byte", bytes(1), 3, 3],
  ["16 bytes", bytes(16), 4, 4],
  ["24 bytes", bytes(24), 5, 5],
  ["64 bytes", bytes(64), 8, 8],
  ["370 bytes", bytes(370), 32, 30],
  ["512 bytes", bytes(512), 43, 40],
  ["1024 bytes", bytes(1024), 82, 77],
  ["a DataView", { a: new DataView(new ArrayBuffer(8192)) }, 645, 600],
  ["12 characters", "abcdefghijkl", 2, 2],
  ["30 characters", "abcdefghijklmnopqrstuvwxyzabcd", 4, 4],
]

it.each(SEEN)("Espruino's rules: %s", (_name, value, at13, at14) => {
  expect([13, 14].map((size) => countVariables([value], size as VariableBytes).total)).toEqual([at13, at14])
})

const KEYS = Array.from({ length: 200 }, (_, i) => `cfg/item/${String(i).padStart(7, "0")}`)

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

/** Puts 200 records of 16 + 32 bytes, each flushed; of another round each has another length. */
function putAll(tree: Foreign, round: number): void {
  KEYS.forEach((key, i) => {
    tree.set(key, `value ${i}`.padEnd(32 + round * (i % 9)))
    tree.flush()
  })
}

/** Opens the free 64 KiB of an ESP32, with 5 frames of 512 bytes. */
function openParts(realm: Realm): Foreign {
  const region = new (realm.require("flashtree").FlashRegion)({})
  const volume = realm.require("flash").open(region)
  const tree = realm.require("btree").open(volume, { cachesize: 2560 })
  return { region, volume, tree }
}

/**
 * Variables of 13 and of 14 bytes at most, of volume and tree: opened, with all 5 frames in use, and after changes, which take a page to compact with
 * and room for a key on its way up. The interpreter said 485 and 469, then 811 and 782, where its chip is no object.
 */
const STAGES: [string, number, number, (tree: Foreign) => void][] = [
  ["opened", 492, 474, () => undefined],
  ["5 frames", 814, 783, (tree) => KEYS.forEach((key) => void tree.get(key))],
  ["changed", 931, 897, (tree) => putAll(tree, 2)],
]

it("an open store keeps to its variables, half of which hold the bytes of its pages", () => {
  const realm = new Realm()
  putAll(openParts(realm).tree, 0)
  const { region, volume, tree } = openParts(realm)
  for (const [name, most13, most14, work] of STAGES) {
    work(tree)
    const at13 = countVariables([region, volume, tree], 13)
    const at14 = countVariables([region, volume, tree], 14)
    console.log(
      `${name}: ${at13.total} variables of 13 bytes (${at13.buffers} in buffers), ${at14.total} of 14 (${at14.buffers})`,
    )
    expect(at13.total).toBeLessThanOrEqual(most13)
    expect(at14.total).toBeLessThanOrEqual(most14)
  }
  expect(tree.cache.frames).toBe(5)
})

it.each(boardsOf("espruino"))("$folder: a store takes the memory that its board.json says", ({ board }) => {
  const realm = new Realm()
  const size = board.heap.variableBytes as VariableBytes
  const { pagesize, cachesize } = board.defaults
  const bytesOf = (store: Foreign) => countVariables([store.volume, store], size).total * size
  const store = realm.require("flashtree").open({ region: {}, pagesize, cachesize })
  const afterOpen = bytesOf(store)
  putAll(store, 0)
  putAll(store, 2)
  const warm = bytesOf(store)
  console.log(`${board.name}: ${afterOpen} bytes after open, ${warm} when warm`)
  // The file has what the interpreter said, with what the first use of each of its own prototypes makes.
  expect(afterOpen).toBeLessThanOrEqual(board.stateBytes.afterOpen)
  expect(afterOpen).toBeGreaterThan(board.stateBytes.afterOpen * 0.85)
  expect(warm).toBeLessThanOrEqual(board.stateBytes.warm)
  expect(warm).toBeGreaterThan(board.stateBytes.warm * 0.85)
})
