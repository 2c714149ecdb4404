/**
 * Goal: what the tests show under Node is true on XS. Method: the library and the tests' logic are made one script and
 * run in a worker of @agoric/xsnap; the failures come back by name.
 */
import { expect, test } from "vitest"
import { bundle } from "./bundle.ts"
import type { Outcome } from "./inside/vitest.ts"
import { describeOnXS } from "./sources.ts"
import { Worker } from "./worker.ts"

async function withWorker<T>(path: string, use: (worker: Worker) => Promise<T>): Promise<T> {
  const worker = new Worker()
  try {
    await worker.evaluate(await bundle(path))
    return await use(worker)
  } finally {
    worker.kill()
  }
}

describeOnXS("on XS", () => {
  test("the unit tests that know nothing of Node pass, MicroPython's semantics among them", async () => {
    await withWorker("inside/semantics.ts", async (worker) => {
      const count = await worker.call<number>("count")
      const { passed, failures } = await worker.call<Outcome>("run")
      console.log(`XS: ${passed} of ${count} unit tests pass`)
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThan(300)
    })
  })
})
