/** Errors of the SDK's modules, which carry a text and no code, as flashtree's. */
import { type FlashtreeError, failure, isFlashtreeError } from "../../src/errors.ts"

/** Words and numbers by which LittleFS and POSIX say that a medium is full. */
const FULL = ["No space", "no space", "LFS ERR -28"]

/** Gives what `error` means: ENOSPC for a full file system, else EIO; `action` says what was tried. Our own errors stay. */
export function nativeFailure(error: unknown, action: string): FlashtreeError {
  if (isFlashtreeError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  for (let i = 0; i < FULL.length; i++) {
    if (reason.includes(FULL[i])) return failure("ENOSPC", `${action}: ${reason}`, error)
  }
  return failure("EIO", `${action}: ${reason}`, error)
}
