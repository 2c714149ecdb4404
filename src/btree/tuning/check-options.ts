/** What is wrong with the options of open(). The core takes what it can of them and leaves the rest. */
import { refuse } from "../../errors.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { PAGESIZE_MAX, PAGESIZE_MIN } from "../layout.ts"
import type { OpenOptions } from "../types.ts"

const OPTIONS =
  "flags pagesize minkeypage cachesize duplicates reserve compare prefix lorder readonly checksums"

/** Smallest and largest value and step (0: any) of the options that are numbers, the first ones; 0 is always right. */
const LIMITS = [0, 1, 1, PAGESIZE_MIN, PAGESIZE_MAX, 2, 2, 1 / 0, 1, -1 / 0, 1 / 0, 0]

/** Throws EINVAL for options that are unknown, or out of their limits, and for what is no stream. */
export function checkOptions(stream: RandomAccessStream, given: OpenOptions): void {
  if (typeof given !== "object") refuse("EINVAL", "the options must be an object, as in { pagesize: 512 }")
  if (!stream || !stream.read || !stream.write || !stream.size || !stream.setSize || !stream.flush) {
    refuse("EINVAL", "not a stream: see fromSeekable")
  }
  const known = OPTIONS.split(" ")
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    const at = known.indexOf(name) * 3
    const value = given[name as keyof OpenOptions]
    if (at < 0) refuse("EINVAL", `unknown option "${name}"; the options are ${known.join(", ")}`)
    if (at >= LIMITS.length || value === undefined || value === 0) continue
    const low = LIMITS[at]
    const high = LIMITS[at + 1]
    const step = LIMITS[at + 2]
    if (typeof value !== "number" || !(value >= low && value <= high) || value % step > 0) {
      refuse(
        "EINVAL",
        `${name} ${value}: 0, or a number from ${low} to ${high} in steps of ${step} is expected`,
      )
    }
  }
}
