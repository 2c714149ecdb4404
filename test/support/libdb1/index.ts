/**
 * The oracle: the real Berkeley DB 1.85 (Debian package libdb1-compat), driven operation by operation in a process of
 * its own, so that a crash of the library is a result like any other. Where the library or the compiler is missing
 * every call throws and says which package has it; nothing is ever skipped.
 */
import { spawnSync } from "node:child_process"
import { type OpenInfo, type Operation, type Result, type Run, run } from "./driver.mjs"

export type { IoCounts, OpenInfo, Operation, Result, Run } from "./driver.mjs"
export { run } from "./driver.mjs"

export type DbRecord = [Uint8Array, Uint8Array]

/**
 * Opens `path` (creating it unless `info.create` is false), runs `operations` and closes it; gives one result for each
 * of `operations`. A library that dies is reported in `crashed`, with `at` counting in `operations` (-1: in open).
 * @throws Error when the file cannot be opened or the last close fails.
 */
export function runLibdb1(path: string, info: OpenInfo, operations: Operation[], seconds = 60): Run {
  const all: Operation[] = [
    { op: "open", path, info: { create: true, ...info } },
    ...operations,
    { op: "close" },
  ]
  const { results, crashed } = run(all, { seconds })
  const opened = results.shift()
  if (opened !== undefined && opened.rc !== 0)
    throw new Error(`libdb1 refused ${path}: errno ${opened.errno}`)
  if (crashed !== undefined) return { results, crashed: { ...crashed, at: crashed.at - 1 } }
  const closed = results.pop()
  if (closed?.rc !== 0) throw new Error(`libdb1 failed to close ${path}: errno ${closed?.errno}`)
  return { results }
}

/** Like runLibdb1, for operations that must succeed: throws on a crash or an error, "not found" (rc 1) is none. */
export function mustRunLibdb1(path: string, info: OpenInfo, operations: Operation[], seconds = 60): Result[] {
  const { results, crashed } = runLibdb1(path, info, operations, seconds)
  if (crashed) {
    throw new Error(`libdb1 died by ${crashed.signal} in operation ${crashed.at} of ${operations.length}`)
  }
  results.forEach((result, index) => {
    if (result.rc !== 0 && result.rc !== 1) {
      throw new Error(`libdb1: operation ${index} (${operations[index]?.op}) gave errno ${result.errno}`)
    }
  })
  return results
}

/** Gives all records as libdb1 scans them. @throws Error when it reports an error, or dies. */
export function scanLibdb1(path: string, direction: "ascending" | "descending" = "ascending"): DbRecord[] {
  const op = direction === "ascending" ? "scan" : "scanBack"
  const [result] = mustRunLibdb1(path, { create: false, readonly: true }, [{ op }])
  return (result as Result).records
}

/** Gives what `db_dump185` (same Debian package) prints: the header lines and the records, hex unless `printable`. */
export function dumpLibdb1(path: string, printable = false): { header: string[]; lines: string[] } {
  const child = spawnSync("db_dump185", printable ? ["-p", path] : [path], { maxBuffer: 2 ** 30 })
  if (child.error)
    throw new Error(`the tests need db_dump185: apt-get install libdb1-compat (${child.error})`)
  if (child.status !== 0) throw new Error(`db_dump185 ended with ${child.status}: ${child.stderr}`)
  const all = child.stdout.toString("latin1").split("\n")
  const end = all.indexOf("HEADER=END")
  return { header: all.slice(0, end), lines: all.slice(end + 1, -1) }
}
