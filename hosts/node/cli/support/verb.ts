/** What a verb is: its arguments, its help with examples, and a function that gives an exit code. */
import { stripVTControlCharacters } from "node:util"
import { type ArgsDef, type CommandDef, defineCommand, type ParsedArgs, renderUsage, runCommand } from "citty"
import { checkArguments } from "./arguments.ts"

export interface Verb {
  readonly command: CommandDef<ArgsDef>
  readonly name: string
  readonly args: ArgsDef
  /** Command lines without the leading `flashtree`. */
  readonly examples: readonly string[]
  /** Takes the arguments as they are, where they keep to rules of their own. */
  readonly runRaw?: (rawArgs: string[]) => number
}

interface VerbDefinition<T extends ArgsDef> {
  name: string
  description: string
  args: T
  examples: readonly string[]
  /** Gives the exit code. */
  run(args: ParsedArgs<T>): number
}

/** A verb that reads its arguments itself; `args` are for its help. */
export function defineRawVerb(
  definition: Omit<VerbDefinition<ArgsDef>, "run"> & { runRaw(rawArgs: string[]): number },
): Verb {
  const { name, description, args, examples, runRaw } = definition
  return { command: defineCommand({ meta: { name, description }, args }), name, args, examples, runRaw }
}

export function defineVerb<const T extends ArgsDef>(definition: VerbDefinition<T>): Verb {
  const { name, description, args, examples, run } = definition
  const command = defineCommand({
    meta: { name, description },
    args,
    run: (context) => run(context.args),
  })
  return { command: command as unknown as CommandDef<ArgsDef>, name, args, examples }
}

/** Gives the exit code. @throws EINVAL for wrong arguments, and whatever the verb throws */
export async function runVerb(verb: Verb, rawArgs: string[]): Promise<number> {
  if (verb.runRaw !== undefined) return verb.runRaw(rawArgs)
  checkArguments(verb.name, verb.args, rawArgs)
  const { result } = await runCommand(verb.command, { rawArgs })
  return result as number
}

/** Gives the help text of a verb, examples included. */
export async function verbHelp(verb: Verb, program: CommandDef): Promise<string> {
  const usage = await plainUsage(verb.command, program)
  const examples = verb.examples.map((example) => `  flashtree ${example}\n`).join("")
  return `${usage}EXAMPLES\n\n${examples}`
}

/** Gives citty's usage without colours: it paints also where no terminal reads. */
export async function plainUsage(command: CommandDef<ArgsDef>, parent?: CommandDef): Promise<string> {
  const text = stripVTControlCharacters(await renderUsage(command, parent as CommandDef<ArgsDef> | undefined))
  const lines = text.trimEnd().split("\n")
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n\n`
}
