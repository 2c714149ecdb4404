/** One call from a partition to a store, whichever module of the SDK it is opened with. */
import "../iteration.ts"
import { failure } from "../../src/errors.ts"
import type { FlashDevice } from "../../src/flash/index.ts"
import { findPlace, openOnDevice, type Store, type StoreOptions } from "../store.ts"
import type { FlashPartitionOptions, Partition } from "./partition.ts"

export interface PartitionOpenOptions extends StoreOptions {
  /** The label of a flash partition. */
  partition?: string
  /** Erase blocks that are open already: an external chip, or a partition that several stores share. */
  device?: FlashDevice
}

const PLACES = ["partition", "device"]

export function openPlace(
  options: PartitionOpenOptions,
  make: new (options: FlashPartitionOptions) => Partition,
): Store {
  if (typeof options !== "object" || options === null) {
    throw failure("EINVAL", 'the options must be an object, as in open({ partition: "btree" })')
  }
  if (findPlace(options, PLACES) === "device") {
    return openOnDevice(options.device as FlashDevice, options, PLACES, "the range of the device", false)
  }
  const wanted: FlashPartitionOptions = { path: options.partition as string }
  if (options.writeAlign !== undefined) wanted.writeAlign = options.writeAlign
  if (options.erasedReads !== undefined) wanted.erasedReads = options.erasedReads
  if (options.readonly === true) wanted.readonly = true
  const device = new make(wanted)
  return openOnDevice(device, options, PLACES, `a part of the flash partition "${wanted.path}"`, true)
}
