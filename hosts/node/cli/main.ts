/**
 * The `flashtree` command: finds the verb, prints help and version, turns errors into a line on stderr and an exit
 * code. 0: done; 1: not found, or findings; 2: wrong usage or an error.
 */
import { existsSync, readFileSync } from "node:fs"
import { type CommandDef, defineCommand } from "citty"
import { check } from "./check.ts"
import { del } from "./del.ts"
import { dump } from "./dump.ts"
import { get } from "./get.ts"
import { hexdump } from "./hexdump.ts"
import { info } from "./info.ts"
import { keys } from "./keys.ts"
import { load } from "./load.ts"
import { pack } from "./pack.ts"
import { page } from "./page.ts"
import { pages } from "./pages.ts"
import { put } from "./put.ts"
import { ClosedPipe } from "./support/descriptor.ts"
import { CliError, FAILED, OK, report } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { plainUsage, runVerb, type Verb, verbHelp } from "./support/verb.ts"
import { unpack } from "./unpack.ts"
import { verify } from "./verify.ts"

const VERBS: ReadonlyMap<string, Verb> = new Map(
  [info, check, dump, load, get, put, del, keys, pages, page, pack, unpack, verify, hexdump].map((verb) => [
    verb.name,
    verb,
  ]),
)

const program: CommandDef = defineCommand({
  meta: {
    name: "flashtree",
    version: packageVersion(),
    description: "Inspect, check, dump and load btree databases (Berkeley DB 1.85, MicroPython, flashtree)",
  },
  subCommands: Object.fromEntries([...VERBS].map(([name, verb]) => [name, verb.command])),
})

const EXIT_CODES = "Exit codes: 0 done, 1 not found or findings, 2 wrong usage or an error\n"

async function run(rawArgs: string[]): Promise<number> {
  const [first, ...rest] = rawArgs
  if (first === "--version" || first === "-v") return print(`${packageVersion()}\n`)
  if (first === "--help" || first === "-h") return print((await plainUsage(program)) + EXIT_CODES)
  if (first === undefined || first.startsWith("-")) {
    const wrong = first === undefined ? "no verb given" : `unknown option ${first}`
    throw new CliError("EINVAL", wrong, "flashtree --help lists the verbs")
  }
  const verb = VERBS.get(first)
  if (verb === undefined)
    throw new CliError("EINVAL", `unknown verb ${first}`, "flashtree --help lists the verbs")
  const end = rest.indexOf("--")
  const options = end < 0 ? rest : rest.slice(0, end)
  // A verb that reads its arguments itself has help of its own behind the first one.
  const asked = verb.runRaw === undefined ? options : rest.slice(0, 1)
  if (asked.includes("--help") || asked.includes("-h")) return print(await verbHelp(verb, program))
  return runVerb(verb, rest)
}

function print(text: string): number {
  stdout.write(text)
  return OK
}

// From the source and from dist/node alike, package.json is the first one further up.
function packageVersion(): string {
  let folder = new URL(".", import.meta.url)
  while (!existsSync(new URL("package.json", folder))) {
    const above = new URL("..", folder)
    if (above.href === folder.href) return "of unknown version"
    folder = above
  }
  return JSON.parse(readFileSync(new URL("package.json", folder), "utf8")).version
}

async function main(): Promise<number> {
  try {
    const exitCode = await run(process.argv.slice(2))
    stdout.flush()
    return exitCode
  } catch (error) {
    if (error instanceof ClosedPipe) return OK
    try {
      // What was found before the error belongs before it.
      stdout.flush()
    } catch {}
    report(error)
    return FAILED
  }
}

process.exitCode = await main()
