/** A database in some blocks of a flash device. */
import { refuse } from "../../errors.ts"
import type { FlashDevice } from "../../stream/flash-device.ts"
import type { FlashRange, Place } from "../types.ts"

/** Gives where a range of blocks begins and its bytes. @throws EINVAL */
export function flashRange(device: FlashDevice, range: FlashRange | undefined): Place {
  const status = device.status()
  const first = range === undefined || range.firstBlock === undefined ? 0 : range.firstBlock
  const given = range === undefined ? undefined : range.blockCount
  const count = given === undefined ? status.blocks - first : given
  if (!(first >= 0 && count >= 1 && first + count <= status.blocks) || first % 1 !== 0 || count % 1 !== 0)
    refuse(
      "EINVAL",
      `blocks ${first} to ${first + count} of ${status.blocks} of the device: at least one is expected`,
    )
  return { start: first * status.blockLength, size: count * status.blockLength }
}
