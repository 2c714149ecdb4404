/** Tests of firmware on the desk: the same module, the same database, on a chip that exists in memory only and can lose its power. */
import assert from "node:assert/strict"
import { test } from "node:test"
import { open, PowerCut, SimulatedFlash } from "flashtree/node"
import { Counters } from "../counters.js"

const SIZE = 64 * 1024

test("counts", () => {
  const chip = new SimulatedFlash({ size: SIZE })
  const counters = new Counters(open({ device: chip }))
  counters.increase("starts")
  counters.increase("starts", "errors")
  assert.equal(counters.get("starts"), 2)
  assert.equal(counters.get("errors"), 1)
  assert.equal(counters.get("absent"), 0)
})

test("keeps its counts over a restart", () => {
  const chip = new SimulatedFlash({ size: SIZE })
  new Counters(open({ device: chip })).increase("starts")
  const restarted = new Counters(open({ device: chip.reboot(), format: "never" }))
  assert.equal(restarted.get("starts"), 1)
})

// Every step that the chip makes is cut once: not done at all, half done, or done for some bits.
for (const mode of ["clean", "torn", "bits"]) {
  test(`increases both counters or none, whenever the power goes (${mode})`, () => {
    let cuts = 0
    for (let steps = 0; ; steps++) {
      const chip = new SimulatedFlash({ size: SIZE, seed: steps + 1 })
      let done = 0
      chip.cutAfter(steps, mode)
      try {
        const counters = new Counters(open({ device: chip }))
        for (; done < 20; done++) counters.increase("sent", "received")
        break // the run was shorter than that
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error
      }
      cuts++
      const counters = new Counters(open({ device: chip.reboot() }))
      const sent = counters.get("sent")
      assert.equal(counters.get("received"), sent)
      assert.ok(sent === done || sent === done + 1, `${sent} after ${done} were done`)
    }
    assert.ok(cuts >= 20, `${cuts} cuts`)
  })
}

test("wears the chip evenly", () => {
  const chip = new SimulatedFlash({ size: SIZE })
  const counters = new Counters(open({ device: chip }))
  for (let i = 0; i < 5000; i++) counters.increase("ticks")
  const most = Math.max(...chip.eraseCounts)
  const least = Math.min(...chip.eraseCounts)
  assert.ok(most - least <= 2, `erase counts from ${least} to ${most}`)
})
