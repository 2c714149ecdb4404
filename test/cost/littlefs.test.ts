/**
 * Goal: a durable put in files on LittleFS costs about one erase, not the two to 26 of writing in the middle of a large file. Method:
 * the config store workload (200 records of 48 bytes, one random record updated and flushed at a time) runs on the streams of the
 * Moddable host over the cost model of LittleFS, which test/unit/moddable/littlefs-cost.test.ts holds against the real library. The
 * same calls, replayed on the SDK's own lfs.c, cost 1.123 erases and 1,506 bytes; 0.535 and 2,018; 3.285 and 10,415.
 */
import { describe, expect, it } from "vitest"
import { PlainFileStream } from "../../hosts/moddable/file-stream.ts"
import {
  type SegmentedFileStreamOptions,
  SegmentedFiles,
} from "../../hosts/moddable/segmented-file-stream.ts"
import * as btree from "../../src/btree/index.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { type DirectoryDouble, makeLittleFs } from "../support/moddable/files-double.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const RECORDS = 200
const UPDATES = 2000

function costOfUpdates(
  cacheSize: number,
  make: (root: DirectoryDouble) => RandomAccessStream,
): { erases: number; bytes: number } {
  const { fs, root } = makeLittleFs({ cacheSize })
  const stream = make(root)
  const db = btree.open(stream, { pagesize: 512, cachesize: 4096 })
  const key = (i: number) => `cfg/item/${`${i}`.padStart(7, "0")}`
  for (let i = 0; i < RECORDS; i++) db.set(key(i), makeBytes(32, i))
  db.flush()
  fs.reset()
  const random = makeRandom(5)
  for (let i = 0; i < UPDATES; i++) {
    db.set(key(random(RECORDS)), makeBytes(32, i))
    db.flush()
  }
  expect(db.check()).toEqual([])
  db.close()
  stream.close()
  return { erases: fs.erases / UPDATES, bytes: fs.programmed / UPDATES }
}

const segmented = (options?: SegmentedFileStreamOptions) => (root: DirectoryDouble) =>
  new SegmentedFiles("db", options, root)

describe("a durable update of one record on LittleFS", () => {
  it("costs 1.13 erases and 1,510 bytes in segment files", () => {
    const { erases, bytes } = costOfUpdates(16, segmented())
    expect(erases).toBeLessThanOrEqual(1.13)
    expect(bytes).toBeLessThanOrEqual(1510)
  })

  it("costs 0.55 erases when LittleFS has caches of 512 and the log fits into one", () => {
    const { erases, bytes } = costOfUpdates(512, segmented({ logLength: 448 }))
    expect(erases).toBeLessThanOrEqual(0.55)
    expect(bytes).toBeLessThanOrEqual(2070)
  })

  it("costs three times as much in one file of the same 12 KB", () => {
    const { erases, bytes } = costOfUpdates(16, (root) => new PlainFileStream("db", undefined, root))
    expect(erases).toBeGreaterThan(3)
    expect(bytes).toBeGreaterThan(10_000)
  })
})
