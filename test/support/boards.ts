/** The boards of boards/, for tests. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "../tidy/sources.ts"

/** A board.json; boards/board.schema.json says what each field means. */
export interface BoardFile {
  name: string
  runtime: "moddable" | "espruino"
  targets: string[]
  heap: {
    bytes: number
    slots?: number
    chunkBytes?: number
    stack?: number
    variables?: number
    variableBytes?: number
  }
  storage: {
    kind: "partition" | "region" | "files" | "none"
    module?: string
    label?: string
    subtype?: string
    offset?: number
    size: number
    eraseBlock?: number
    writeAlign?: number
  }
  defaults: { pagesize: number; cachesize: number }
  stateBytes: { afterOpen: number; warm: number }
  why: string
}

/** Gives the boards of a runtime, or all, in the order of their folders. */
export function boardsOf(runtime?: string): { folder: string; board: BoardFile }[] {
  return readdirSync(join(ROOT, "boards"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, "boards", entry.name, "board.json")))
    .map(({ name }) => ({ folder: name, board: JSON.parse(textOf(name, "board.json")) as BoardFile }))
    .filter(({ board }) => runtime === undefined || board.runtime === runtime)
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

/** Gives the text of a file of a board's folder. */
export function textOf(folder: string, file: string): string {
  return readFileSync(join(ROOT, "boards", folder, file), "utf8")
}
