/** The file streams of Moddable and one call from a file to a store, whichever module of the SDK the files come from. */
import "../iteration.ts"
import { failure } from "../../src/errors.ts"
import type { FlashDevice } from "../../src/flash/index.ts"
import { findPlace, openOnDevice, openOnStream, type Store, type StoreOptions } from "../store.ts"
import { checkPath, PlainFileStream } from "./file-stream.ts"
import type { FilesDirectory } from "./files-directory.ts"
import { SegmentedFiles } from "./segmented-file-stream.ts"

export interface FileOpenOptions extends StoreOptions {
  /** Path in the file system's root: of a folder of segments, which is made when it is missing, or of a btree file. */
  file?: string
  /** Erase blocks, for a btree on a flash volume. */
  device?: FlashDevice
}

const PLACES = ["file", "device"]

export function openFileStore(options: FileOpenOptions, root: FilesDirectory): Store {
  if (typeof options !== "object" || options === null) {
    throw failure("EINVAL", 'the options must be an object, as in open({ file: "settings" })')
  }
  if (findPlace(options, PLACES) === "device") {
    return openOnDevice(options.device as FlashDevice, options, PLACES, "the range of the device", false)
  }
  const path = options.file as string
  checkPath(path)
  const streamOptions = { readonly: options.readonly === true }
  const openIt = () => {
    const found = root.status(path)
    return found.mode !== 0 && found.isFile()
      ? new PlainFileStream(path, streamOptions, root)
      : new SegmentedFiles(path, streamOptions, root)
  }
  return openOnStream(openIt, options, PLACES, `file ${path}`, path)
}
