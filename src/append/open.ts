/** Opening: the handle, for what opening/ does with it. */
import type { RandomAccessStream } from "../stream/stream.ts"
import { openTree } from "./opening/index.ts"
import { AppendTree } from "./tree.ts"
import type { OpenOptions } from "./types.ts"

/**
 * Opens the tree in `stream`, or begins a new one: open-checked.ts, which looks at the options, says it all.
 * @throws EINVAL, EFTYPE, ECORRUPT, ESTALE, EROFS, EIO, ENOMEM
 */
export function open(stream: RandomAccessStream, options?: OpenOptions): AppendTree {
  return openTree(new AppendTree(), stream, options)
}
