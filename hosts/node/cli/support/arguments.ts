/**
 * Strict checking of a verb's arguments before citty parses them: citty takes unknown options, forgotten values and
 * surplus arguments without a word.
 */
import { type ParseArgsConfig, parseArgs } from "node:util"
import type { ArgsDef } from "citty"
import { CliError } from "./failure.ts"

/** @throws EINVAL where `rawArgs` is not what `definition` allows. */
export function checkArguments(verb: string, definition: ArgsDef, rawArgs: readonly string[]): void {
  const hint = `flashtree ${verb} --help shows the arguments`
  const options: NonNullable<ParseArgsConfig["options"]> = {}
  const positionals: string[] = []
  for (const [name, argument] of Object.entries(definition)) {
    if (argument.type === "positional") positionals.push(name)
    else options[name] = { type: argument.type === "boolean" ? "boolean" : "string" }
  }
  const given = parse(withoutNegations(definition, rawArgs), options, hint)
  for (const [index, name] of positionals.entries())
    if (definition[name].required !== false && index >= given.positionals.length)
      throw new CliError("EINVAL", `${name.toUpperCase()} is missing`, hint)
  if (given.positionals.length > positionals.length)
    throw new CliError("EINVAL", `one argument too many: ${given.positionals[positionals.length]}`, hint)
  for (const [name, value] of Object.entries(given.values)) checkValue(name, value, definition, hint)
}

function parse(args: string[], options: NonNullable<ParseArgsConfig["options"]>, hint: string) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true })
  } catch (error) {
    // Node's message goes on with advice of its own after the first sentence.
    const message = (error as Error).message.split(/\.\s|\n/)[0].replace(/\.$/, "")
    const dashed = /^-[^-]/.test(/'(.*)'/.exec(message)?.[1] ?? "")
    throw new CliError(
      "EINVAL",
      message,
      dashed ? `put -- before arguments that begin with -; ${hint}` : hint,
    )
  }
}

// `--no-x` for a boolean x is citty's; Node 20's parseArgs does not know it.
function withoutNegations(definition: ArgsDef, rawArgs: readonly string[]): string[] {
  const end = rawArgs.indexOf("--")
  return rawArgs.filter((argument, index) => {
    const isOption = end < 0 || index < end
    return !(isOption && argument.startsWith("--no-") && definition[argument.slice(5)]?.type === "boolean")
  })
}

function checkValue(name: string, value: unknown, definition: ArgsDef, hint: string): void {
  const argument = definition[name]
  if (value === "") throw new CliError("EINVAL", `--${name} needs a value`, hint)
  if (argument.type === "enum" && !argument.options?.includes(String(value)))
    throw new CliError("EINVAL", `--${name} ${value}: choose one of ${argument.options?.join(", ")}`, hint)
}

/** Gives the whole number an option says, undefined where it was left out. @throws EINVAL */
export function parseCount(option: string, text: string | undefined, min = 0): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= min) return count
  throw new CliError("EINVAL", `${option} takes a whole number from ${min} up, not: ${text}`)
}
