/**
 * Goal: the file streams of the Moddable host behave as all other streams do. Method: the one suite (stream.ts) over doubles of the
 * SDK's files on LittleFS, on a file system that keeps less, and of the older module.
 */
import legacyRoot from "../../hosts/moddable/files-legacy.ts"
import { FileStream, SegmentedFileStream } from "../../hosts/moddable/moddable.ts"
import { DirectoryDouble, LooseFs, makeLittleFs } from "../support/moddable/files-double.ts"
import { type StreamSupport, streamConformance } from "./stream.ts"

const plain: StreamSupport = { setSize: true, gaps: true, reopen: true, atomic: false, rollback: false }
const transactional: StreamSupport = { ...plain, atomic: true, rollback: true }

let fresh = 0

streamConformance(
  "FileStream of Moddable",
  () => {
    const { root } = makeLittleFs()
    const reopen = () => new FileStream("data", { files: root })
    return { stream: reopen(), reopen }
  },
  plain,
)

streamConformance(
  "FileStream of Moddable over the older module",
  () => {
    const path = `data${fresh++}`
    const reopen = () => new FileStream(path, { files: legacyRoot })
    return { stream: reopen(), reopen }
  },
  plain,
)

streamConformance(
  "SegmentedFileStream on LittleFS",
  () => {
    const { root } = makeLittleFs()
    const reopen = () => new SegmentedFileStream("db", { files: root })
    return { stream: reopen(), reopen }
  },
  transactional,
)

streamConformance(
  "SegmentedFileStream with short segments and a short log",
  () => {
    const root = new DirectoryDouble(new LooseFs())
    const reopen = () => new SegmentedFileStream("db", { files: root, segmentLength: 256, logLength: 200 })
    return { stream: reopen(), reopen }
  },
  transactional,
)

streamConformance(
  "SegmentedFileStream over the older module",
  () => {
    const path = `db${fresh++}`
    const reopen = () => new SegmentedFileStream(path, { files: legacyRoot, logLength: 400 })
    return { stream: reopen(), reopen }
  },
  transactional,
)
