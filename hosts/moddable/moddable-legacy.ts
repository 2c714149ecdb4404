/** The entry "flashtree/moddable" where `embedded:storage/files` does not exist: files through the older module `file`. */

import type { Store } from "../store.ts"
import { type FileOpenOptions, openFileStore } from "./file-store.ts"
import { type FileStreamOptions, PlainFileStream } from "./file-stream.ts"
import root from "./files-legacy.ts"
import { type SegmentedFileStreamOptions, SegmentedFiles } from "./segmented-file-stream.ts"

export type { Store, StoreOptions } from "../store.ts"
export type { FileOpenOptions } from "./file-store.ts"
export type { FileStreamOptions } from "./file-stream.ts"
export type { FilesDirectory, FilesFile } from "./files-directory.ts"
export type { SegmentedFileStreamOptions } from "./segmented-file-stream.ts"

/** A stream over one file, made when it is missing. Writes are durable after flush, not atomic. */
export class FileStream extends PlainFileStream {
  /** Opens the file at `path`, which is neither absolute nor has "..". @throws EINVAL, EIO, ENOSPC */
  constructor(path: string, options?: FileStreamOptions) {
    super(path, options, root)
  }
}

/** An atomic stream over a folder of files, which costs LittleFS about one erase a flush. */
export class SegmentedFileStream extends SegmentedFiles {
  /** Opens the folder at `path`, or makes it. Reads the log of changes. @throws EINVAL, EFTYPE, EIO, ENOSPC */
  constructor(path: string, options?: SegmentedFileStreamOptions) {
    super(path, options, root)
  }
}

/**
 * Opens a btree in one call: on a folder of segments, which is made when there is nothing at `file` and is all-or-nothing at each
 * flush; in a btree file when there is one of that name; or on a flash volume on a device.
 *
 * @throws EINVAL not exactly one of `file` and `device`; EBUSY it is open already in this VM; and what the streams, flash.open and
 * btree.open throw.
 * @example
 * const store = open({ file: "settings", cachesize: 4096 })
 */
export function open(options: FileOpenOptions): Store {
  return openFileStore(options, root)
}
