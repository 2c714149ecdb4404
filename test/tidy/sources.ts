/** The project's own files, for the tests in this folder. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's root folder. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..")

/** What is made, fetched or recorded, and so not written by hand. */
const NOT_OURS = ["node_modules", ".git", "dist", "coverage", "test/fixtures", "examples/data"]

/** Gives the paths of all files below `folder`, relative to the root, with "/", sorted; none if it does not exist. */
export function filesIn(folder: string): string[] {
  const found: string[] = []
  const folders = [folder]
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    if (NOT_OURS.includes(at) || !existsSync(join(ROOT, at))) continue
    for (const entry of readdirSync(join(ROOT, at), { withFileTypes: true })) {
      const path = at === "." ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory()) folders.push(path)
      else if (entry.isFile()) found.push(path)
    }
  }
  return found.sort()
}

/** Gives the TypeScript files below `folder`. */
export function codeIn(folder: string): string[] {
  return filesIn(folder).filter((path) => path.endsWith(".ts"))
}

/** Gives the text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8")
}

/** Gives "path:line: text" for every line of the files that matches; `pattern` must not be global. */
export function linesWith(pattern: RegExp, paths: string[]): string[] {
  return paths.flatMap((path) =>
    textOf(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
}

/** Makes a folder in which flashtree is installed as a package, as a user has it; gives its path. Remove it after use. */
export function makeConsumer(): string {
  const cache = join(ROOT, "node_modules/.cache")
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, "flashtree-consumer-"))
  mkdirSync(join(folder, "node_modules"))
  symlinkSync(ROOT, join(folder, "node_modules/flashtree"), "junction")
  return folder
}
