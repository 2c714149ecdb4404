/**
 * Goal: every board of boards/ is described in full, and what stands in its folder fits together: a partition lies where the table says,
 * on erase blocks, beside an application that the chip can start, and a store leaves the application its memory. Method: the schema
 * is applied with ajv, and the tables are parsed as ESP-IDF does.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Ajv } from "ajv"
import { describe, expect, it } from "vitest"
import { boardsOf, textOf } from "../support/boards.ts"
import { ROOT, textOf as textOfFile } from "../tidy/sources.ts"

const schema = JSON.parse(textOfFile("boards/board.schema.json")) as object
const validate = new Ajv({ strictRequired: false, allErrors: true }).compile(schema)
const boards = boardsOf()

interface Partition {
  name: string
  type: string
  subtype: string
  offset: number
  size: number
}

/** Parses a partition table of ESP-IDF whose offsets are all given. */
function partitionsIn(csv: string): Partition[] {
  return csv
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name, type, subtype, offset, size] = line.split(",").map((field) => field.trim())
      return { name, type, subtype, offset: Number(offset), size: Number(size) }
    })
}

describe("boards/", () => {
  const wanted = ["esp32", "esp32s2", "esp32s3", "esp32c3", "esp32c6", "esp32h2", "esp8266", "pico"]

  it.each(wanted)("has moddable-%s", (name) => {
    expect(boards.map(({ folder }) => folder)).toContain(`moddable-${name}`)
  })

  it.each(["esp32", "esp32c3", "esp32s3", "bangle2", "puck", "pico"])("has espruino-%s", (name) => {
    expect(boards.map(({ folder }) => folder)).toContain(`espruino-${name}`)
  })

  it.each(boards)("$folder fits the schema", ({ board }) => {
    validate(board)
    expect(validate.errors ?? []).toEqual([])
  })

  it.each(boards)("$folder begins with its runtime", ({ folder, board }) => {
    expect(folder.split("-")[0]).toBe(board.runtime)
  })

  it.each(boards)("$folder leaves at least half of the heap to the application", ({ board }) => {
    expect(board.stateBytes.warm).toBeLessThanOrEqual(board.heap.bytes / 2)
    expect(board.stateBytes.afterOpen).toBeLessThanOrEqual(board.stateBytes.warm)
  })
})

describe("the schema", () => {
  const good = boardsOf("moddable")[0].board
  it.each([
    ["a field that is missing", { ...good, why: undefined }],
    ["a runtime that there is not", { ...good, runtime: "arduino" }],
    ["a page of an odd size", { ...good, defaults: { pagesize: 513, cachesize: 0 } }],
    ["a partition without a label", { ...good, storage: { ...good.storage, label: undefined } }],
    ["an alignment that no chip has", { ...good, storage: { ...good.storage, writeAlign: 3 } }],
    ["a subtype of ESP-IDF's own", { ...good, storage: { ...good.storage, subtype: "0x02" } }],
    ["a field that nobody knows", { ...good, colour: "red" }],
  ])("refuses %s", (_what, board) => {
    expect(validate(JSON.parse(JSON.stringify(board)))).toBe(false)
  })
})

describe("a Moddable board", () => {
  const moddable = boardsOf("moddable")

  it.each(moddable)("$folder has a manifest that takes the library in", ({ folder }) => {
    const { include } = JSON.parse(textOf(folder, "manifest.json")) as { include: string | string[] }
    const [ours] = [include].flat()
    expect(existsSync(join(ROOT, "boards", folder, ours))).toBe(true)
  })

  const withTable = moddable.filter(({ folder }) =>
    existsSync(join(ROOT, "boards", folder, "partitions.csv")),
  )

  it.each(withTable)("$folder has a table with the partition of its board.json", ({ folder, board }) => {
    const table = partitionsIn(textOf(folder, "partitions.csv"))
    const { label: name, subtype, offset, size } = board.storage
    expect(table).toContainEqual({ name, type: "data", subtype, offset, size })
    const manifest = JSON.parse(textOf(folder, "manifest.json")) as { build: { PARTITIONS_FILE: string } }
    expect(manifest.build.PARTITIONS_FILE).toBe("./partitions.csv")
  })

  it.each(withTable)("$folder has a table that ESP-IDF takes, in 4 MB", ({ folder, board }) => {
    const table = partitionsIn(textOf(folder, "partitions.csv"))
    const { eraseBlock = 4096 } = board.storage
    let end = 0x9000
    for (const { name, type, offset, size } of table) {
      expect(name.length).toBeLessThanOrEqual(15)
      expect(offset).toBeGreaterThanOrEqual(end)
      expect([offset % eraseBlock, size % eraseBlock]).toEqual([0, 0])
      if (type === "app") expect(offset % 0x10000).toBe(0)
      end = offset + size
    }
    expect(end).toBeLessThanOrEqual(4 << 20)
    expect(table.map(({ name }) => name)).toContain("factory")
  })

  it.each(moddable.filter(({ folder }) => /esp32/.test(folder)))(
    "$folder has a table of its own",
    ({ folder }) => {
      expect(withTable.map((board) => board.folder)).toContain(folder)
    },
  )
})
