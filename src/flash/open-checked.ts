/** Opening with options that are checked by name. The core takes what it knows, and leaves the rest. */
import { checkFlashOptions, type OptionKinds } from "../stream/check-options.ts"
import type { FlashDevice } from "./device.ts"
import { type FlashOpenOptions, open as openVolume } from "./opening/index.ts"
import type { FlashVolume } from "./volume.ts"

const KINDS: OptionKinds = {
  pagesize: "number",
  format: ["blank", "always", "never"],
  firstBlock: "number",
  blockCount: "number",
  writeAlign: "number",
  erasedReads: ["ff", "unknown"],
  checksum: ["crc32", "sum32"],
  resize: ["grow"],
  readonly: "boolean",
}

/**
 * Opens the volume on a range of a device, or formats it, which is done with the first flush. Reads the block headers and what was
 * written since the last checkpoint. Allocates 4 bytes a page, 6 a block, two page buffers and 1 to 1.5 KB.
 *
 * @throws EINVAL what is no device, an unknown option, a value or a geometry that cannot be; EFTYPE foreign content, or a volume of
 * another shape; ECORRUPT.
 */
export function open(device: FlashDevice, options?: FlashOpenOptions): FlashVolume {
  checkFlashOptions(device, options, KINDS)
  return openVolume(device, options)
}
