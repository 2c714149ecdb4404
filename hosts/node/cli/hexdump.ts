/** `flashtree hexdump`: nodes of heap files as the dump tools of pyheapfile, pydllfile and pybtreecore print them. */
import { heapfile } from "../../../src/index.ts"
import { FileStream } from "../file-stream.ts"
import { writeStderr } from "./support/descriptor.ts"
import { CliError } from "./support/failure.ts"
import { requireFile } from "./support/files.ts"
import { stdout } from "./support/output.ts"
import { defineRawVerb, type Verb } from "./support/verb.ts"

type Tool = Parameters<typeof heapfile.hexdump>[0]

const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ["heap", "pyheapfile"],
  ["link", "pydllfile"],
  ["btcore", "pybtreecore"],
])

export const hexdump: Verb = defineRawVerb({
  name: "hexdump",
  description:
    "Print a node of a heap file, a linked element or a node list; exit codes 1 no such node, 2 wrong usage",
  args: {
    tool: {
      type: "positional",
      required: false,
      description: "heap (when left out), link or btcore; `flashtree hexdump btcore -h` lists the options",
    },
  },
  examples: [
    "hexdump heap -f nodes.hpf -n 20",
    "hexdump link -f nodes.hpf -l 4c -r -1",
    "hexdump btcore -f nodes.hpf -l ec8 -nav 0l1lpp",
  ],
  runRaw(rawArgs) {
    const [first, ...rest] = rawArgs
    const isNamed = first !== undefined && !first.startsWith("-")
    const tool = TOOLS.get(isNamed ? first : "heap")
    if (tool === undefined)
      throw new CliError("EINVAL", `no dump tool ${first}`, "choose heap, link or btcore")
    const result = heapfile.hexdump(tool, isNamed ? rest : rawArgs, openFile)
    stdout.write(result.stdout)
    stdout.flush()
    if (result.error !== "") writeStderr(`flashtree: ${result.error}\n`)
    return result.exitCode
  },
})

function openFile(path: string): FileStream {
  requireFile(path)
  return new FileStream(path, { readonly: true })
}
