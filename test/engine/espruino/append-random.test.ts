/**
 * Goal: whatever the build has put together to make the modules of the append-only tree small, they do what the source does. Method: random transactions,
 * aborts, reverts, reopenings and moves of cursors on both, with keys and values that split pages by bytes, make overflow chains and trees of several
 * levels; the two files are the same byte for byte at the end, also when compacted. A failure names the seed.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { MemoryStream } from "../../../src/index.ts"
import { type Random, seeded } from "../../support/berkeley.ts"
import { plain, Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

/** As many frames as a board has, so that pages get the same numbers. */
const options = { pagesize: 512, cachesize: 0, clock: () => 1_700_000_000 }

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

/** Both engines, and their trees on a stream each. */
interface Pair {
  module: Foreign
  flags: number
  here: MemoryStream
  there: Stream
  ours: append.AppendTree
  theirs: Foreign
}

function openBoth(pair: Omit<Pair, "ours" | "theirs">): Pair {
  const given = { ...options, flags: pair.flags }
  return { ...pair, ours: append.open(pair.here, given), theirs: pair.module.open(pair.there, given) }
}

const keyOf = (random: Random) =>
  `${random.pick(["", "a common beginning ", "x".repeat(180)])}${random.between(0, 120)}`

function changeBoth({ ours, theirs }: Pair, random: Random, deletes: number): void {
  const one = ours.begin()
  const other = theirs.begin()
  for (let i = random.between(1, 25); i > 0; i--) {
    const key = keyOf(random)
    if (random.chance(deletes)) expect(other.delete(key)).toBe(one.delete(key))
    else {
      const value = "v".repeat(random.pick([random.between(0, 40), random.between(0, 127), 700]))
      one.put(key, value)
      other.put(key, value)
    }
  }
  if (random.chance(0.1)) {
    one.abort()
    other.abort()
  } else {
    one.commit()
    other.commit()
  }
}

function moveBoth({ ours, theirs }: Pair, random: Random): void {
  const one = ours.cursor()
  const other = theirs.cursor()
  for (let i = 0; i < 12; i++) {
    const key = keyOf(random)
    const move = random.pick(["first", "last", "next", "previous", "seek"] as const)
    const moved = one[move](key)
    expect(other[move](key)).toBe(moved)
    if (!moved) continue
    expect(plain(other.key())).toEqual(one.key())
    expect(plain(other.value())).toEqual(one.value())
  }
}

function messageOf(call: () => void): string {
  try {
    call()
  } catch (error) {
    return (error as Error).message
  }
  return "done"
}

describe.each([
  ["keys in normal order", 0],
  ["keys in reversed order", append.BT_REVERSEKEY],
])("%s", (_, flags) => {
  it.each([1, 2, 3])("the same files, run %i", (seed) => {
    seeded(seed, (random) => {
      const realm = new Realm()
      const module = realm.require("append")
      realm.require("append-extras")(module)
      let pair = openBoth({ module, flags, here: new MemoryStream(), there: new Stream() })
      for (let commit = 0; commit < 14; commit++) {
        changeBoth(pair, random, commit < 7 ? 0.2 : 0.6)
        if (random.chance(0.15))
          expect(messageOf(() => pair.theirs.revert())).toBe(messageOf(() => pair.ours.revert()))
        if (random.chance(0.2)) pair = openBoth(pair)
        if (random.chance(0.3)) moveBoth(pair, random)
      }
      expect(plain(pair.there.data)).toEqual(pair.here.bytes())
      expect(pair.theirs.check().length).toBe(0)
      const { depth, overflowPages } = pair.ours.stat()
      expect(depth).toBeGreaterThan(1)
      expect(overflowPages).toBeGreaterThan(0)
      const [here, there] = [new MemoryStream(), new Stream()]
      pair.ours.compact(here)
      pair.theirs.compact(there)
      expect(plain(there.data)).toEqual(here.bytes())
    })
  })
})
