/** The help of the dump tools, in our words: their options are facts, their text is not ours. */
import type { HexdumpTool } from "./hexdump.ts"

const COMMON = `  -h, --help              this text
  -v, --version           version of the tool whose output this is (-f is needed all the same)
  -V, --verbose           say more on the way
  -f, --file FILE         the heap file
  -n, --node ADDRESS      heap node to begin with, in hex; blanks do not count (0)
  -r, --relative N        so many steps further, or back if negative (0)
  -aw, --addess_width N   least digits of an address (6)
  -w, --width N           bytes a line (16)
  -g, --group N           bytes a group (1)
  -ho, --header_only      no data
`
const LINKED = `  -l, --link ADDRESS      element to begin with: its node + 0x10; not together with -n (0: the second heap node)
  -ls, --link_size N      bytes of a link (8)
`
const NAVIGATED = `  -nav, --navigate STEPS  [index]p, l, r, - or +, again and again: to the parent, to the left or right of the node with
                          that hex index (0), to the previous or the next element
`

/** Gives the help of a tool. */
export function helpOf(tool: HexdumpTool): string {
  const what =
    tool === "pyheapfile"
      ? "a node of a heap file"
      : tool === "pydllfile"
        ? "a linked element"
        : "a node list"
  const more = (tool === "pyheapfile" ? "" : LINKED) + (tool === "pybtreecore" ? NAVIGATED : "")
  return `Prints ${what}.\n\n${COMMON}${more}`
}
