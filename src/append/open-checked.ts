/** Opening with options that are checked by name. The core takes what it knows, and leaves the rest. */
import { refuse } from "../errors.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { PAGESIZE_MAX, PAGESIZE_MIN } from "./layout.ts"
import { open as openTree } from "./open.ts"
import type { AppendTree } from "./tree.ts"
import { BT_NOSYNC, BT_RDONLY, BT_REVERSEKEY, type OpenOptions } from "./types.ts"

/** What each option is: a whole number from 0, or a type. */
const KINDS = {
  flags: "number",
  pagesize: "number",
  cachesize: "number",
  path: "string",
  clock: "function",
  checksums: "boolean",
  recoveryPages: "number",
}

/**
 * Opens the append-only tree in `stream`, or begins a new one when the stream is empty: its first page is written at once. The handle does not own
 * the stream. A file decides its page size. Reads the first page's head and the last commit record as a rule; then, where the stream is not atomic,
 * the pages of that commit, at most 256; and 84 bytes of each page that a cut has left behind it. Allocates about 2.5 KB; page frames come as they
 * are needed, up to cachesize.
 *
 * @throws EINVAL an option; EFTYPE another file; ECORRUPT no commit that can be read; ESTALE compacted into another file; EROFS, EIO, ENOMEM
 * @example
 * const tree = open(new MemoryStream(), { pagesize: 512 })
 * tree.put("key", "value")
 * const before = tree.snapshot()
 * tree.delete("key")
 * before.get("key")
 */
export function open(stream: RandomAccessStream, options?: OpenOptions): AppendTree {
  if (options !== undefined && options !== null) checkOptions(options)
  return openTree(stream, options)
}

/** Throws EINVAL for an option that is unknown, and for a value that cannot be. */
function checkOptions(given: OpenOptions): void {
  if (typeof given !== "object") refuse("EINVAL", "the options must be an object, as in { pagesize: 512 }")
  const kinds = KINDS as Readonly<Record<string, string>>
  const known = Object.keys(kinds)
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    const value = (given as Record<string, unknown>)[name]
    if (known.indexOf(name) < 0)
      refuse("EINVAL", `unknown option "${name}"; the options are ${known.join(", ")}`)
    if (value === undefined) continue
    const isRight =
      typeof value === kinds[name] && (typeof value !== "number" || (value >= 0 && value % 1 === 0))
    if (!isRight) refuse("EINVAL", `${name} is ${value}, expected a ${kinds[name]}`)
  }
  const flags = given.flags || 0
  const pagesize = given.pagesize || PAGESIZE_MIN
  if ((flags & ~(BT_NOSYNC | BT_RDONLY | BT_REVERSEKEY)) !== 0)
    refuse("EINVAL", `flags ${flags}: BT_NOSYNC, BT_RDONLY and BT_REVERSEKEY are expected`)
  if (!(pagesize >= PAGESIZE_MIN && pagesize <= PAGESIZE_MAX && pagesize % 2 === 0))
    refuse(
      "EINVAL",
      `pagesize is ${pagesize}: an even number from ${PAGESIZE_MIN} to ${PAGESIZE_MAX} is expected`,
    )
}
