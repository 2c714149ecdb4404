/**
 * Goal: where bits of a volume rot, reading gives the right data or ECORRUPT with block and offset, check() finds it before it
 * is needed, and nothing hangs, crashes or goes back silently to an older state.
 *
 * Method: a volume whose log has gone round the blocks, with a btree of 120 keys. One bit of what is programmed is flipped, a
 * few hundred of them, each on a fork of the chip; then it is opened, checked and read. Wherever the data read differ, an error
 * must have said so. One exception is inherent: damage of the very last transaction cannot be told from a power cut in it,
 * so the state before it, whole, is right as well, where the bit lies behind the end of that state. The table of outcomes is printed.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt/flash; FLIPS=<n> sets the number of flips.
 */
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { isFlashtreeError } from "../../src/index.ts"
import { differenceFrom, Session } from "../powercut/rig.ts"
import { withDeadline } from "../property/model.ts"
import { makeRandom } from "../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261123)
const FLIPS = Number(process.env.FLIPS ?? 400)
const KEYS = 120

for (const writeAlign of [1, 16]) {
  test(`one bit of rot, write alignment ${writeAlign}`, () => {
    const geometry = { size: 65536, writeAlign }
    const session = new Session(geometry, new SimulatedFlash(geometry)).open()
    const random = makeRandom(SEED)
    for (let k = 0; k < KEYS; k++) session.put(k, 0)
    for (let i = 1; i < 1500; i++) session.put(random(KEYS), i)
    const before = session.durable
    const older = session.device.chip.image()
    session.put(5, 9999)
    const image = session.device.chip.image()
    const outcomes = new Map<string, number>()
    const wrong: string[] = []
    for (let n = 0; n < FLIPS; n++) {
      // A third anywhere, a third in the headers of blocks, a third in the block being written.
      const head = session.volume._head * 4096
      let at =
        n % 3 === 0
          ? random(image.length)
          : n % 3 === 1
            ? random(16) * 4096 + random(48)
            : head + random(4096)
      while (image[at] === 0xff) at = (at + 1) % image.length
      const bits = 1 << random(8)
      const isLast = older[at] === 0xff
      const chip = session.device.chip.fork()
      chip.rot(at, bits)
      const outcome = withDeadline(5000, () => {
        const after = new Session(geometry, chip)
        try {
          after.open()
          const findings = after.volume.check()
          let difference: string
          try {
            difference = differenceFrom(after.openTree(1 << 17), session.durable)
          } catch (error) {
            expectCorrupt(error)
            return findings.length > 0 ? "found and refused" : "refused, but not found by check()"
          }
          if (difference === "") return findings.length > 0 ? "found" : "unaffected"
          if (isLast && differenceFrom(after.openTree(1 << 17), before) === "") return "last commit lost"
          return "silently wrong"
        } catch (error) {
          expectCorrupt(error)
          return "refused at open"
        }
      })
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (/silently|not found/.test(outcome)) {
        wrong.push(`${outcome}: block ${at >> 12}, offset ${at & 4095}, bits ${bits}`)
      }
    }
    console.log([...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", "))
    expect(wrong).toEqual([])
  })
}

function expectCorrupt(error: unknown): void {
  if (!isFlashtreeError(error)) throw error
  expect(error.code).toBe("ECORRUPT")
  expect(error.page).toBeTypeOf("number")
  expect(error.offset).toBeTypeOf("number")
}
