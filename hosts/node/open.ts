/** One call from a place to a store, under Node. */
import { realpathSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { failure } from "../../src/errors.ts"
import type { FlashDevice } from "../../src/flash/index.ts"
import { findPlace, openOnDevice, openOnStream, type Store, type StoreOptions } from "../store.ts"
import { FileStream } from "./file-stream.ts"
import "../iteration.ts"

export interface OpenOptions extends StoreOptions {
  /** Path of a file with a btree in it; made when it is missing, unless `readonly`. */
  file?: string
  /** Erase blocks, for a btree on a flash volume: a SimulatedFlash, a FlashImage, or any other FlashDevice. */
  device?: FlashDevice
}

const PLACES = ["file", "device"]

/**
 * Opens a btree in a file, or on a flash volume on a device (formatted when it is blank), in one call. Takes the options of btree.open
 * and, on a device, those of flash.open. The store's close() flushes and closes what this call opened: the file, but not the device
 * that was handed in.
 *
 * @throws EINVAL not exactly one of `file` and `device`, or another option; EBUSY the file or the range of the device is open already in
 * this process; and what FileStream, flash.open and btree.open throw.
 * @example
 * const store = open({ file: "settings.db" })
 * store.set("wifi/ssid", "home")
 * store.close()
 */
export function open(options: OpenOptions): Store {
  if (typeof options !== "object" || options === null) {
    throw failure("EINVAL", 'the options must be an object, as in open({ file: "settings.db" })')
  }
  if (findPlace(options, PLACES) === "device") {
    return openOnDevice(options.device as FlashDevice, options, PLACES, "the range of the device", false)
  }
  const path = options.file as string
  const openIt = () => new FileStream(path, { readonly: options.readonly === true })
  return openOnStream(openIt, options, PLACES, `file ${identify(path)}`, path)
}

/** Gives one name for all spellings of a path, also of a file that is yet to be made. */
function identify(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    try {
      return join(realpathSync(dirname(path)), basename(path))
    } catch {
      return resolve(path)
    }
  }
}
