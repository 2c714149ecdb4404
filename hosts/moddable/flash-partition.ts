/**
 * The entry "flashtree/flash-partition": a flash partition through `embedded:storage/flash`. An entry of its own, because a build for
 * a simulator without that module must not meet the import.
 */
import partitions from "embedded:storage/flash"
import type { Store } from "../store.ts"
import { type FlashPartitionOptions, Partition, type PartitionDriver } from "./partition.ts"
import { openPlace, type PartitionOpenOptions } from "./partition-store.ts"

export type { Store, StoreOptions } from "../store.ts"
export type { FlashPartitionOptions } from "./partition.ts"
export type { PartitionOpenOptions } from "./partition-store.ts"

// The SDK's own object: between it and the checks there is no call more, which would take stack.
const openFlash = (path: string, readonly: boolean): PartitionDriver =>
  partitions.open({ path, mode: readonly ? "r" : "r+" })

/** A flash partition of the board as a FlashDevice. Reads go into the caller's buffer and allocate nothing. */
export class FlashPartition extends Partition {
  /** Opens the partition. @throws EIO there is no such partition */
  constructor(options: FlashPartitionOptions) {
    super(options, openFlash)
  }
}

/**
 * Opens a btree on a flash volume in a partition (formatted when it is blank), in one call. Takes the options of btree.open and of
 * flash.open; several stores share a partition by `firstBlock` and `blockCount`.
 *
 * @throws EINVAL not exactly one of `partition` and `device`; EBUSY the blocks are in use in this VM; EIO there is no such partition;
 * and what flash.open and btree.open throw.
 * @example
 * const store = open({ partition: "btree", cachesize: 4096 })
 */
export function open(options: PartitionOpenOptions): Store {
  return openPlace(options, FlashPartition)
}
