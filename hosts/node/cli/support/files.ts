/** What a path leads to, before a database there is opened. */
import { accessSync, constants, statSync } from "node:fs"
import { CliError } from "./failure.ts"

/** @throws ENOENT where `path` is missing, EISDIR or EINVAL where it is no regular file */
export function requireFile(path: string, hint = "`flashtree put` and `load` create a database"): void {
  if (!fileExists(path)) throw new CliError("ENOENT", `no such file: ${path}`, hint)
}

/** Tells whether there is a regular file. @throws EISDIR or EINVAL where there is something else */
export function fileExists(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (found.isDirectory()) throw new CliError("EISDIR", `${path} is a directory`)
  if (!found.isFile()) throw new CliError("EINVAL", `${path} is not a regular file`)
  return true
}

/** Tells whether the file at `path` holds anything: an empty one is a new database. */
export function hasContents(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0
}

/** @throws EACCES, EROFS ... where the existing file at `path` cannot be written */
export function requireWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EACCES"
    throw new CliError(code, `${path} cannot be written`, "make it writable: chmod u+w")
  }
}
