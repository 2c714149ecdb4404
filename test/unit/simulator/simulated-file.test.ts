/**
 * Goal: the model of a plain file loses, keeps, tears and reorders what was not flushed, and nothing else; the same for a seed.
 * Method: a small sequence of changes is cut at each of them, and what it leaves is compared with what may be left. It is a
 * stream as well, so the suite for streams is run over it.
 */
import { describe, expect, it } from "vitest"
import { PowerCut, SimulatedFile, SimulatedPower } from "../../../hosts/node/node.ts"
import { streamConformance } from "../../conformance/stream.ts"
import { firstDifference, makeBytes, readAll } from "../../support/streams.ts"

streamConformance(
  "the model of a plain file",
  () => {
    let stream = new SimulatedFile()
    return { stream, reopen: () => (stream = new SimulatedFile(stream.crash("landed"))) }
  },
  { setSize: true, gaps: true, reopen: true, atomic: false, rollback: false },
)

describe("SimulatedFile", () => {
  const OLD = makeBytes(300, 1)

  function cutDuring(cutAt: number): SimulatedFile {
    const stream = new SimulatedFile(OLD, new SimulatedPower(cutAt))
    const work = () => {
      stream.write(makeBytes(200, 2), 0)
      stream.flush()
      stream.write(makeBytes(200, 3), 100)
      stream.setSize(250)
      stream.flush()
    }
    expect(work).toThrow(PowerCut)
    expect(() => stream.read(new Uint8Array(1), 0)).toThrow(PowerCut)
    expect(() => stream.write(OLD, 0)).toThrow(PowerCut)
    expect(() => stream.flush()).toThrow(PowerCut)
    return stream
  }

  const mix = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
  const flushed = mix(makeBytes(200, 2), OLD.subarray(200))
  const written = mix(makeBytes(200, 2).subarray(0, 100), makeBytes(200, 3))

  it("has everything back to the last flush when it is lost", () => {
    expect(cutDuring(0).crash("lost")).toEqual(OLD)
    expect(cutDuring(1).crash("lost")).toEqual(OLD)
    for (const cutAt of [2, 3, 4]) expect(cutDuring(cutAt).crash("lost")).toEqual(flushed)
  })

  it("has everything, the change under way too, when it landed", () => {
    expect(cutDuring(0).crash("landed")).toEqual(flushed)
    expect(cutDuring(2).crash("landed")).toEqual(written)
    expect(cutDuring(3).crash("landed")).toEqual(written.slice(0, 250))
    expect(cutDuring(4).crash("landed")).toEqual(written.slice(0, 250))
  })

  it("torn: has all but the change under way, and that in part", () => {
    const outcomes = Array.from({ length: 50 }, (_, seed) => cutDuring(2).crash("torn", seed))
    const mixed = (bytes: Uint8Array) => bytes.every((byte, i) => byte === flushed[i] || byte === written[i])
    expect(outcomes.every(mixed)).toBe(true)
    expect(outcomes.some((bytes) => firstDifference(bytes, flushed) !== -1)).toBe(true)
    expect(outcomes.some((bytes) => firstDifference(bytes, written) !== -1)).toBe(true)
    expect(cutDuring(2).crash("torn", 7)).toEqual(outcomes[7])
    // A change of size is not torn.
    expect(cutDuring(3).crash("torn", 1)).toEqual(written.slice(0, 250))
    expect(new SimulatedFile(OLD, new SimulatedPower()).crash("torn")).toEqual(OLD)
  })

  it("shuffled: loses, keeps, tears and reorders, the same for a seed", () => {
    const stream = cutDuring(4)
    const outcomes = Array.from({ length: 200 }, (_, seed) => stream.crash("shuffled", seed))
    expect(stream.crash("shuffled", 7)).toEqual(outcomes[7])
    const kinds = { lost: 0, landed: 0, torn: 0, reordered: 0 }
    for (const bytes of outcomes) {
      if (firstDifference(bytes, flushed) === -1) kinds.lost++
      else if (firstDifference(bytes, written.slice(0, 250)) === -1) kinds.landed++
      // Cut first and written after: the write made the stream longer again.
      else if (firstDifference(bytes, written) === -1) kinds.reordered++
      else kinds.torn++
    }
    for (const kind of Object.values(kinds)) expect(kind).toBeGreaterThan(5)
  })

  it("has all changes of streams that share a supply counted together", () => {
    const power = new SimulatedPower(2)
    const a = new SimulatedFile(OLD, power)
    const b = new SimulatedFile(OLD, power)
    a.write(Uint8Array.of(1), 0)
    b.write(Uint8Array.of(1), 0)
    expect(() => a.flush()).toThrow(PowerCut)
    expect(() => b.size()).toThrow(PowerCut)
  })

  it("reads what was written while the power lasts", () => {
    const stream = new SimulatedFile(OLD, new SimulatedPower())
    stream.write(Uint8Array.of(9), 0)
    stream.setSize(10)
    expect(readAll(stream)).toEqual(mix(Uint8Array.of(9), OLD.subarray(1, 10)))
  })
})
