/**
 * Goal: all streams of src and of the Node host behave alike. Method: one suite (stream.ts) over each of
 * them.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Volume } from "memfs"
import { FileStream } from "../../hosts/node/file-stream.ts"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import * as flash from "../../src/flash/index.ts"
import { journaled } from "../../src/stream/journaled.ts"
import { MemoryStream } from "../../src/stream/memory-stream.ts"
import { fromSeekable } from "../../src/stream/seekable.ts"
import { EspruinoFile, MicroPythonFile } from "../support/streams.ts"
import { type StreamSupport, streamConformance } from "./stream.ts"

const plain: StreamSupport = { setSize: true, gaps: true, reopen: true, atomic: false, rollback: false }
const transactional: StreamSupport = { ...plain, atomic: true, rollback: true }

streamConformance(
  "MemoryStream",
  () => {
    let stream = new MemoryStream()
    return { stream, reopen: () => (stream = new MemoryStream(stream.bytes())) }
  },
  plain,
)

streamConformance(
  "fromSeekable over a MicroPython file",
  () => {
    const file = new MicroPythonFile()
    return { stream: fromSeekable(file), reopen: () => fromSeekable(file) }
  },
  plain,
)

streamConformance(
  "fromSeekable over an Espruino file",
  () => {
    const object = new EspruinoFile()
    const reopen = () => fromSeekable(object, { size: object.file.contents.length })
    return { stream: reopen(), reopen }
  },
  { ...plain, setSize: false },
)

streamConformance(
  "FileStream on node:fs",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "flashtree-"))
    const reopen = () => new FileStream(join(folder, "data"))
    return { stream: reopen(), reopen, dispose: () => rmSync(folder, { recursive: true }) }
  },
  plain,
)

streamConformance(
  "FileStream on a memfs Volume",
  () => {
    const fs = new Volume()
    const reopen = () => new FileStream("/data", { fs })
    return { stream: reopen(), reopen }
  },
  plain,
)

streamConformance(
  "journaled over memory",
  () => {
    let data = new MemoryStream()
    let journal = new MemoryStream()
    const reopen = () => {
      data = new MemoryStream(data.bytes())
      journal = new MemoryStream(journal.bytes())
      return journaled(data, journal)
    }
    return { stream: reopen(), reopen }
  },
  transactional,
)

streamConformance(
  "journaled over files",
  () => {
    const fs = new Volume()
    const reopen = () => journaled(new FileStream("/data", { fs }), new FileStream("/journal", { fs }))
    return { stream: reopen(), reopen }
  },
  transactional,
)

for (const geometry of [
  { size: 65536, writeAlign: 1 },
  { size: 65536, writeAlign: 16 },
  { size: 65536, writeAlign: 32, encrypted: true },
]) {
  streamConformance(
    `FlashVolume, align ${geometry.writeAlign}`,
    () => {
      const device = new SimulatedFlash(geometry)
      return { stream: flash.open(device), reopen: () => flash.open(device) }
    },
    transactional,
  )
}
