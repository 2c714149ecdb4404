/** Opening with options that are checked by name. The core takes what it knows, and leaves the rest. */
import { checkFlashOptions, type OptionKinds } from "../stream/check-options.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import type { Log } from "./log.ts"
import { type LogOpenOptions, open as openLog } from "./opening/index.ts"

const KINDS: OptionKinds = {
  firstBlock: "number",
  blockCount: "number",
  buffer: "number",
  full: ["overwrite", "stop"],
  format: ["blank", "always", "never"],
  writeAlign: "number",
  erasedReads: ["ff", "unknown"],
  checksum: ["crc32", "sum32"],
  readonly: "boolean",
}

/**
 * Opens the log on a range of a device, or begins one there; then nothing is erased before the first flush. The device stays the caller's.
 * Reads each block's header once, and the newest block; a blank range whole. Allocates the buffer and 70 bytes.
 *
 * @throws EINVAL what is no device, an unknown option, a value or a geometry that cannot be; EFTYPE foreign content, a log of another
 * shape or of a later version; EIO
 */
export function open(device: FlashDevice, options?: LogOpenOptions): Log {
  checkFlashOptions(device, options, KINDS)
  return openLog(device, options)
}
