/**
 * Random operations on a tree and on a sorted array (test/property/model.ts): what they answer must agree at every step,
 * everything they hold now and then, also after the tree is closed and opened anew.
 */
import { type BTree, open } from "../../../../src/btree/index.ts"
import { MemoryStream } from "../../../../src/stream/memory-stream.ts"
import { type Entry, Model, ModelCursor, pattern, sameBytes } from "../../../property/model.ts"
import { makeRandom } from "../../../support/streams.ts"
import { serve } from "./commands.ts"

interface Run {
  seed: number
  steps: number
  pagesize: number
}

function agree(what: string, actual: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  const same =
    actual === undefined || expected === undefined ? actual === expected : sameBytes(actual, expected)
  if (!same) throw new Error(`${what}: ${actual} instead of ${expected}`)
}

function compareAll(tree: BTree, model: Model): void {
  const cursor = tree.cursor()
  let index = 0
  for (let more = cursor.first(); more; more = cursor.next()) {
    const entry = model.entries[index] as Entry | undefined
    agree(`key ${index}`, cursor.key(), entry?.key)
    agree(`value ${index}`, cursor.value(), entry?.value)
    index++
  }
  if (index !== model.entries.length) throw new Error(`${index} records, not ${model.entries.length}`)
  const findings = tree.check()
  if (findings.length > 0) throw new Error(`check(): ${findings[0]?.message}`)
}

function run({ seed, steps, pagesize }: Run): { records: number; pages: number } {
  const random = makeRandom(seed)
  const stream = new MemoryStream()
  const options = { pagesize, cachesize: (5 + random(8)) * pagesize }
  const model = new Model()
  let tree = open(stream, options)
  let cursor = tree.cursor()
  let twin = new ModelCursor(model)
  const someKey = () => pattern(1 + random(random(9) === 0 ? 300 : 20), random(400))
  const someValue = () => pattern(random(random(9) === 0 ? 3 * pagesize : 40), random(1 << 16))
  const step = (what: string, moved: boolean, entry: Entry | undefined) => {
    if (moved !== (entry !== undefined)) throw new Error(`${what} says ${moved}`)
    if (moved) agree(what, cursor.key(), entry?.key)
  }
  for (let i = 0; i < steps; i++) {
    const key = someKey()
    const turn = random(100)
    if (turn < 40) {
      const value = someValue()
      tree.set(key, value)
      model.put(key, value)
    } else if (turn < 60) {
      if (tree.delete(key) !== model.delete(key)) throw new Error(`delete at step ${i}`)
    } else if (turn < 80) agree(`get at step ${i}`, tree.get(key), model.find(key)?.value)
    else if (turn < 86) step("next", cursor.next(), twin.next())
    else if (turn < 92) step("previous", cursor.previous(), twin.previous())
    else if (turn < 95) step("seek", cursor.seek(key), twin.seek(key))
    else if (turn < 97) tree.flush()
    else if (turn < 98) {
      const [from, to] = [someKey(), someKey()]
      if (tree.deleteRange(from, to) !== model.deleteRange(from, to))
        throw new Error(`deleteRange at step ${i}`)
    } else if (turn < 99 && random(4) === 0) {
      tree.close()
      tree = open(stream, options)
      cursor = tree.cursor()
      twin = new ModelCursor(model)
    } else if (random(8) === 0) compareAll(tree, model)
  }
  compareAll(tree, model)
  return { records: model.entries.length, pages: tree.stat().pages }
}

serve({ run })
