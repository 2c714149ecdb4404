/**
 * The command line of the dump tools, read as theirs is: options may be cut short where no other begins the same, a value may follow behind
 * "=" or, after one letter, at once, and short options without a value may stand together. Nothing here is worth a stack trace: what is
 * wrong comes back as text.
 */
import type { HexdumpTool } from "./hexdump.ts"

/** What the options say. An address is as it was written; it is read when it is used. */
export interface HexdumpOptions {
  help: boolean
  version: boolean
  verbose: boolean
  headerOnly: boolean
  file: string
  node: string
  link: string
  navigate: string
  addressWidth: number
  linkSize: number
  relative: number
  width: number
  group: number
}

interface Option {
  name: keyof HexdumpOptions
  short: string
  long: string
  kind: "flag" | "text" | "number"
}

const COMMON: readonly Option[] = [
  { name: "help", short: "-h", long: "--help", kind: "flag" },
  { name: "version", short: "-v", long: "--version", kind: "flag" },
  { name: "verbose", short: "-V", long: "--verbose", kind: "flag" },
  { name: "file", short: "-f", long: "--file", kind: "text" },
  { name: "node", short: "-n", long: "--node", kind: "text" },
  { name: "addressWidth", short: "-aw", long: "--addess_width", kind: "number" },
  { name: "relative", short: "-r", long: "--relative", kind: "number" },
  { name: "width", short: "-w", long: "--width", kind: "number" },
  { name: "group", short: "-g", long: "--group", kind: "number" },
  { name: "headerOnly", short: "-ho", long: "--header_only", kind: "flag" },
]
const LINKED: readonly Option[] = [
  { name: "link", short: "-l", long: "--link", kind: "text" },
  { name: "linkSize", short: "-ls", long: "--link_size", kind: "number" },
]
const NAVIGATED: readonly Option[] = [{ name: "navigate", short: "-nav", long: "--navigate", kind: "text" }]

/** An argument that is an option, or looks like one; `value` is what stands in it behind the name. */
interface Match {
  option: Option | undefined
  text: string
  value: string | undefined
}

/** Gives the options, or what is wrong with `args`. With `help` set, what stands behind it does not matter. */
export function parseArguments(tool: HexdumpTool, args: string[]): HexdumpOptions | string {
  let known = COMMON
  if (tool !== "pyheapfile") known = known.concat(LINKED)
  if (tool === "pybtreecore") known = known.concat(NAVIGATED)
  const matches: (Match | undefined)[] = []
  const end = args.indexOf("--")
  for (let i = 0; i < args.length; i++) {
    const match = end >= 0 && i >= end ? undefined : matchOption(known, args[i])
    if (typeof match === "string") return match
    matches.push(match)
  }
  const result = emptyOptions()
  const strangers: string[] = []
  const given: string[] = []
  for (let i = 0; i < args.length; i++) {
    let match = matches[i]
    if (match === undefined || match.option === undefined) {
      strangers.push(args[i])
      continue
    }
    while (match !== undefined && match.option !== undefined) {
      const option: Option = match.option
      let value: string | undefined = match.value
      let rest: Match | undefined
      if (option.kind === "flag" && value !== undefined && value !== "") {
        rest = nextOfTail(known, match)
        if (rest === undefined) return `argument ${nameOf(option)}: ignored explicit argument '${value}'`
      } else if (option.kind !== "flag" && value === undefined) {
        i++
        if (i >= args.length || matches[i] !== undefined || i === end)
          return `argument ${nameOf(option)}: expected one argument`
        value = args[i]
      }
      if (given.indexOf(option.name) < 0) given.push(option.name)
      const conflict = option.name === "link" ? "node" : option.name === "node" ? "link" : ""
      if (given.indexOf(conflict) >= 0)
        return `argument ${nameOf(option)}: not allowed with argument ${conflict === "node" ? "-n/--node" : "-l/--link"}`
      const fault = setOption(result, option, value)
      if (fault !== undefined) return fault
      if (result.help) return result
      match = rest
    }
  }
  if (given.indexOf("file") < 0) return "the following arguments are required: -f/--file"
  return strangers.length > 0 ? `unrecognized arguments: ${strangers.join(" ")}` : result
}

function emptyOptions(): HexdumpOptions {
  return {
    help: false,
    version: false,
    verbose: false,
    headerOnly: false,
    file: "",
    node: "0",
    link: "0",
    navigate: "",
    addressWidth: 6,
    linkSize: 8,
    relative: 0,
    width: 16,
    group: 1,
  }
}

/** Gives the fault, if there is one. */
function setOption(result: HexdumpOptions, option: Option, value: string | undefined): string | undefined {
  const target = result as unknown as Record<string, string | number | boolean>
  if (option.kind === "flag") target[option.name] = true
  // Two dashes alone are taken for the end of the options, wherever they stand.
  else if (option.kind === "text") target[option.name] = value === "--" ? "" : (value as string)
  else {
    const number = parseWhole(value as string)
    if (number === undefined) return `argument ${nameOf(option)}: invalid int value: '${value}'`
    target[option.name] = number
  }
  return undefined
}

/** Gives undefined for what is no option, and text for what could be several. */
function matchOption(known: readonly Option[], text: string): Match | string | undefined {
  if (text.charAt(0) !== "-" || text.length === 1) return undefined
  const exact = find(known, text)
  if (exact !== undefined) return { option: exact, text: text, value: undefined }
  const equals = text.indexOf("=")
  const name = equals < 0 ? text : text.substring(0, equals)
  const named = equals < 0 ? undefined : find(known, name)
  if (named !== undefined) return { option: named, text: text, value: text.substring(equals + 1) }
  const isLong = text.charAt(1) === "-"
  const found: Match[] = []
  const names: string[] = []
  for (let i = 0; i < known.length; i++) {
    const short = known[i].short
    const long = known[i].long
    if (isLong) {
      if (long.indexOf(name) !== 0) continue
      const value = equals < 0 ? undefined : text.substring(equals + 1)
      found.push({ option: known[i], text: text, value: value })
      names.push(long)
    } else if (short === text.substring(0, 2)) {
      found.push({ option: known[i], text: text, value: text.substring(2) })
      names.push(short)
    } else if (short.indexOf(text) === 0) {
      found.push({ option: known[i], text: text, value: undefined })
      names.push(short)
    }
  }
  if (found.length > 1) return `ambiguous option: ${text} could match ${names.join(", ")}`
  if (found.length === 1) return found[0]
  if (/^-\d+$|^-\d*\.\d+$/.test(text) || text.indexOf(" ") >= 0) return undefined
  return { option: undefined, text: text, value: undefined }
}

function find(known: readonly Option[], name: string): Option | undefined {
  for (let i = 0; i < known.length; i++)
    if (known[i].short === name || known[i].long === name) return known[i]
  return undefined
}

/** Gives the option that the rest of a group of letters begins with. */
function nextOfTail(known: readonly Option[], match: Match): Match | undefined {
  const value = match.value as string
  if (match.text.charAt(1) === "-") return undefined
  const next = find(known, `-${value.charAt(0)}`)
  if (next === undefined) return undefined
  return { option: next, text: match.text, value: value.length > 1 ? value.substring(1) : undefined }
}

function nameOf(option: Option): string {
  return `${option.short}/${option.long}`
}

/** Gives the whole number that `text` is, or undefined. */
function parseWhole(text: string): number | undefined {
  return /^\s*[+-]?\d+(_\d+)*\s*$/.test(text) ? Number(text.replace(/[_\s]/g, "")) : undefined
}

/** Gives the number whose hex digits `text` are, blanks aside, or undefined. */
export function parseAddress(text: string): number | undefined {
  const digits = text.replace(/\s/g, "")
  if (!/^[+-]?(0[xX]_?)?[0-9a-fA-F]+(_[0-9a-fA-F]+)*$/.test(digits)) return undefined
  const value = parseInt(digits.replace(/_/g, "").replace(/^[+-]?(0[xX])?/, ""), 16)
  return digits.charAt(0) === "-" ? -value : value
}
