/** What a store with a board's defaults holds, for host/: it is opened, or also used, and then what is in use is measured. */
import { SegmentedFiles } from "../../../../hosts/moddable/segmented-file-stream.ts"
import { open as openTree } from "../../../../src/btree/index.ts"
import type { FlashDevice, FlashStatus } from "../../../../src/flash/device.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import { makeFiles } from "./files.ts"

declare function flashRead(buffer: Uint8Array, byteOffset: number): number
declare function flashWrite(buffer: Uint8Array, byteOffset: number): void
declare function flashErase(start: number, end: number): void
declare function measure(): void

export interface Stage {
  stage: "nothing" | "open" | "warm"
  /** On segment files, not on a flash partition. */
  onFiles: boolean
  size: number
  eraseBlock: number
  pagesize: number
  cachesize: number
}

const RECORDS = 200
const UPDATES = 600

function nameOf(k: number): string {
  return `cfg/item/${String(k).padStart(7, "0")}`
}

export function main(argument: string): string {
  const { stage, onFiles, size, eraseBlock, pagesize, cachesize } = JSON.parse(argument) as Stage
  const device: FlashDevice = {
    read: (buffer, byteOffset) => flashRead(buffer, byteOffset),
    write: (buffer, byteOffset) => flashWrite(buffer, byteOffset),
    eraseBlock: (start, end) => flashErase(start, end),
    status: (): FlashStatus => ({ size, blocks: size / eraseBlock, blockLength: eraseBlock }),
    close: () => undefined,
  }
  const value = new Uint8Array(32)
  const files = onFiles ? makeFiles() : null
  const stream = () =>
    files === null ? openVolume(device, { pagesize }) : new SegmentedFiles("settings", undefined, files)
  const store = stage === "nothing" ? null : openTree(stream(), { pagesize, cachesize })
  if (store !== null && stage === "warm") {
    for (let k = 0; k < RECORDS; k++) {
      store.set(nameOf(k), value)
      if (k % 16 === 15) store.flush()
    }
    for (let i = 0; i < UPDATES; i++) {
      value[0] = i
      store.set(nameOf((i * 37) % RECORDS), value)
      store.flush()
      store.getInto(nameOf((i * 11) % RECORDS), value)
    }
    for (let cursor = store.cursor(), more = cursor.first(); more; more = cursor.next());
  }
  measure()
  return JSON.stringify({ open: store !== null, device: device.status().size, first: value[0] })
}
