/**
 * What the command line does with errors: one line `flashtree: CODE: message` on stderr and, where something helps,
 * one line with a hint. A stack trace only with FLASHTREE_DEBUG set.
 */
import { isFlashtreeError } from "../../../../src/errors.ts"
import { writeStderr } from "./descriptor.ts"

/** Exit codes of every verb. */
export const OK = 0
export const NOT_FOUND = 1
export const FAILED = 2

/** An error of the command line itself: wrong usage, a missing file, malformed input. */
export class CliError extends Error {
  readonly code: string
  readonly hint: string | undefined
  constructor(code: string, message: string, hint?: string) {
    super(message)
    this.name = "CliError"
    this.code = code
    this.hint = hint
  }
}

const HINTS: Record<string, string> = {
  EFTYPE: "flashtree reads btree files of Berkeley DB 1.85 and MicroPython",
  ECORRUPT: "`flashtree check FILE` lists the damage, `flashtree dump FILE --salvage` saves what can be read",
  EACCES: "look at the file's permissions with `ls -l`",
  EPERM: "look at the file's permissions with `ls -l`",
  EROFS: "the file or its file system is read-only",
  EIO: "the file could not be read or written; look at the disk",
  ENOSPC: "the disk is full; what was flushed before is intact",
}

/** Prints `error` on stderr the way every verb does. */
export function report(error: unknown): void {
  const { code, message, hint } = describe(error)
  writeStderr(`flashtree: ${code}: ${message}\n`)
  if (hint !== undefined) writeStderr(`  hint: ${hint}\n`)
  if (process.env.FLASHTREE_DEBUG && error instanceof Error) writeStderr(`${error.stack}\n`)
}

/** Prints a remark that is no error on stderr. */
export function note(text: string): void {
  writeStderr(`flashtree: note: ${text}\n`)
}

/** Gives the code, the message without it, and a hint where one helps, of anything thrown. */
export function describe(error: unknown): { code: string; message: string; hint: string | undefined } {
  if (!(error instanceof Error)) return { code: "EINTERNAL", message: String(error), hint: undefined }
  if (error instanceof CliError) return { code: error.code, message: error.message, hint: error.hint }
  const code = (error as { code?: unknown }).code
  if (typeof code !== "string")
    return { code: "EINTERNAL", message: error.message, hint: "set FLASHTREE_DEBUG=1 for a stack trace" }
  // Engine and Node errors both carry their code in the message as well.
  const message = error.message.startsWith(`${code}: `) ? error.message.slice(code.length + 2) : error.message
  const cause = isFlashtreeError(error) && error.cause instanceof Error ? ` (${error.cause.message})` : ""
  const covered = cause !== "" && message.includes(cause.slice(2, -1))
  return { code, message: covered ? message : message + cause, hint: HINTS[code] }
}
