/** The dump tools of pyheapfile, pydllfile and pybtreecore: the same options, output and exit codes. */
import { isFlashtreeError, refuse } from "../../errors.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { HeapFile } from "../heap-file.ts"
import { type HexdumpOptions, parseAddress, parseArguments } from "./arguments.ts"
import { dumpHeapNode } from "./heap-tool.ts"
import { helpOf } from "./help.ts"
import { dumpElement, dumpList, findElement, navigate } from "./link-tool.ts"

export type HexdumpTool = "pyheapfile" | "pydllfile" | "pybtreecore"

export interface HexdumpResult {
  stdout: string
  /** 0: done; 1: no such node, or a damaged file; 2: wrong options. */
  exitCode: number
  /** What was wrong, in our words; empty when nothing was. */
  error: string
}

/** What has been printed. */
export interface Output {
  text: string
}

const TOOLS = ["pyheapfile", "pydllfile", "pybtreecore"]
/** Versions of the tools whose output this is. */
const VERSIONS = ["v0.0.4a", "v0.0.4", "v0.0.6"]

/**
 * Runs a dump tool on command-line arguments and gives what it prints. `openFile` opens the file of -f for reading; it is closed again.
 * Holds one node, and its text, in memory. Numbers are taken as the originals take them; -w below 1, which makes those run for ever,
 * is an error.
 * @throws EINVAL an unknown tool; whatever openFile throws that has no `code`
 */
export function hexdump(
  tool: HexdumpTool,
  args: string[],
  openFile: (name: string) => RandomAccessStream,
): HexdumpResult {
  const number = TOOLS.indexOf(tool)
  if (number < 0) refuse("EINVAL", `the tool is ${tool}, expected ${TOOLS.join(", ")}`)
  const options = parseArguments(tool, args)
  if (typeof options === "string") return { stdout: "", exitCode: 2, error: `EINVAL: ${options}` }
  if (options.help) return { stdout: helpOf(tool), exitCode: 0, error: "" }
  if (options.version) return { stdout: `Version: ${VERSIONS[number]}\n`, exitCode: 0, error: "" }
  const output: Output = { text: "" }
  try {
    dump(tool, options, openFile, output)
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (!isFlashtreeError(error) && typeof code !== "string") throw error
    const message = (error as Error).message
    const text = message.indexOf(`${code}: `) === 0 ? message : `${code}: ${message}`
    return { stdout: output.text, exitCode: 1, error: text }
  }
  return { stdout: output.text, exitCode: 0, error: "" }
}

function dump(
  tool: HexdumpTool,
  options: HexdumpOptions,
  openFile: (name: string) => RandomAccessStream,
  output: Output,
): void {
  const stream = openFile(options.file)
  try {
    const heap = new HeapFile(stream)
    const node = addressOf("-n", options.node)
    if (tool === "pyheapfile") {
      dumpHeapNode(heap, node, options, output)
      return
    }
    const found = findElement(heap, addressOf("-l", options.link), node, options, output)
    if (found === undefined) return
    if (tool === "pydllfile") {
      dumpElement(found, options, output)
      return
    }
    const there = navigate(heap, found, options, output)
    if (there !== undefined) dumpList(there, options, output)
  } finally {
    stream.close()
  }
}

function addressOf(name: string, text: string): number {
  const value = parseAddress(text)
  if (value === undefined) refuse("EINVAL", `${name} is '${text}', expected hex digits`)
  return value
}
