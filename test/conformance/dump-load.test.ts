/**
 * Goal: `flashtree dump` writes and `flashtree load` reads the dump text of Berkeley DB, so that a database moves to
 * and from any later Berkeley DB without this project's help.
 * Method: databases of binary keys and values, empty ones, overflow values and duplicates are dumped by the CLI (built
 * in dist) and loaded by the real db5.3_load; db5.3_dump of that, and db_dump185 of the original, are loaded by the
 * CLI. Both formats (bytevalue and print) at every step; the records must come back unchanged.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { FileStream } from "../../hosts/node/file-stream.ts"
import { btree, MemoryStream } from "../../src/index.ts"
import {
  compareBytes,
  type DbRecord,
  hex,
  type Random,
  ROOT,
  recordsDigest,
  seeded,
} from "../support/berkeley.ts"

const CLI = join(ROOT, "dist/node/cli.js")
const directory = mkdtempSync(join(tmpdir(), "flashtree-dump-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error("dist/node/cli.js is missing: npm run build")
})

/** Runs a program that must end well; gives its standard output. */
function program(command: string, args: string[], input?: Uint8Array): Buffer {
  const child = spawnSync(command, args, { maxBuffer: 2 ** 30, ...(input === undefined ? {} : { input }) })
  if (child.error) {
    const debian = command.startsWith("db5.3")
      ? "db5.3-util"
      : command === "db_dump185"
        ? "libdb1-compat"
        : command
    throw new Error(`cannot run ${command}: apt-get install ${debian} (${child.error})`)
  }
  expect(child.status, `${command} ${args.join(" ")}: ${child.stderr}`).toBe(0)
  return child.stdout
}

const flashtree = (...args: string[]) => program(process.execPath, [CLI, ...args])

function create(path: string, records: DbRecord[], duplicates: boolean): void {
  const stream = new FileStream(path, { create: true })
  const tree = btree.open(stream, { pagesize: 1024, duplicates })
  for (const [key, value] of records) tree.put(key, value)
  tree.close()
  stream.close()
}

function read(path: string): { records: DbRecord[]; duplicates: boolean; findings: number } {
  const tree = btree.open(new MemoryStream(new Uint8Array(readFileSync(path))))
  const records: DbRecord[] = []
  const cursor = tree.cursor()
  for (let more = cursor.first(); more; more = cursor.next()) records.push([cursor.key(), cursor.value()])
  return { records, duplicates: tree.stat().duplicates, findings: tree.check().length }
}

/** Bytes that the two text formats treat differently: controls, space, backslash, quotes, 0x7f and above, newline. */
const AWKWARD = [..."\0\n\r\t \\\"'=:~\x7f\x80\xff\xfeabcHEADER=ENDDATA=END"].map((char) =>
  char.charCodeAt(0),
)

function draw(random: Random, count: number): DbRecord[] {
  const bytes = (length: number) =>
    random.chance(0.5)
      ? random.bytes(length)
      : new Uint8Array(Array.from({ length }, () => random.pick(AWKWARD)))
  const records = new Map<string, DbRecord>()
  while (records.size < count) {
    const key = bytes(random.between(1, 40))
    const value = bytes(random.chance(0.05) ? random.between(500, 6000) : random.between(0, 80))
    records.set(hex(key), [key, value])
  }
  for (const text of [" ", "\\", "\\\\", "DATA=END", "HEADER=END", "\n", "key", "VERSION=3"]) {
    const key = new TextEncoder().encode(text)
    records.set(hex(key), [key, key])
  }
  return [...records.values()].sort((a, b) => compareBytes(a[0], b[0]))
}

const FORMATS = [
  { name: "bytevalue", printable: false },
  { name: "print", printable: true },
]

describe("dump and load", () => {
  for (const out of FORMATS) {
    for (const back of FORMATS) {
      test(`through db5.3: ${out.name} out, ${back.name} back`, () =>
        seeded(530, (random) => {
          const base = join(directory, `${out.name}-${back.name}`)
          const records = draw(random, 400)
          create(`${base}.db`, records, false)
          const text = flashtree("dump", `${base}.db`, ...(out.printable ? ["--printable"] : []))
          expect(text.toString("latin1")).toContain(`format=${out.name}\n`)
          writeFileSync(`${base}.txt`, text)
          program("db5.3_load", ["-f", `${base}.txt`, `${base}.db5`])
          const returned = program("db5.3_dump", back.printable ? ["-p", `${base}.db5`] : [`${base}.db5`])
          writeFileSync(`${base}.back.txt`, returned)
          flashtree("load", `${base}.back.db`, `${base}.back.txt`)
          const loaded = read(`${base}.back.db`)
          expect(loaded.records.length).toBe(records.length)
          expect(recordsDigest(loaded.records)).toBe(recordsDigest(records))
          expect(loaded.findings).toBe(0)
        }))
    }

    test(`the CLI reads its own dump and db_dump185's, ${out.name}`, () =>
      seeded(531, (random) => {
        const base = join(directory, `own-${out.name}`)
        // db5.3 refuses no empty key either, but 1.85's dump of one is an empty line: both must survive.
        const records: DbRecord[] = [[new Uint8Array(0), new Uint8Array([118])], ...draw(random, 300)]
        create(`${base}.db`, records, false)
        writeFileSync(
          `${base}.1.txt`,
          flashtree("dump", `${base}.db`, ...(out.printable ? ["--printable"] : [])),
        )
        writeFileSync(
          `${base}.2.txt`,
          program("db_dump185", out.printable ? ["-p", `${base}.db`] : [`${base}.db`]),
        )
        for (const which of [1, 2]) {
          flashtree("load", `${base}.${which}.db`, `${base}.${which}.txt`)
          expect(recordsDigest(read(`${base}.${which}.db`).records)).toBe(recordsDigest(records))
        }
      }))

    test(`duplicates, ${out.name}`, () =>
      seeded(532, (random) => {
        const base = join(directory, `duplicates-${out.name}`)
        const records: DbRecord[] = []
        for (let i = 0; i < 300; i++) {
          const key = new TextEncoder().encode(`key ${String(random.between(0, 20)).padStart(2, "0")}`)
          records.push([key, random.bytes(random.between(0, 50))])
        }
        create(`${base}.db`, records, true)
        const expected = read(`${base}.db`).records
        expect(expected.length).toBe(300)
        const text = flashtree("dump", `${base}.db`, ...(out.printable ? ["--printable"] : []))
        expect(text.toString("latin1")).toContain("duplicates=1\n")
        writeFileSync(`${base}.txt`, text)
        program("db5.3_load", ["-f", `${base}.txt`, `${base}.db5`])
        writeFileSync(`${base}.back.txt`, program("db5.3_dump", [`${base}.db5`]))
        flashtree("load", `${base}.back.db`, `${base}.back.txt`)
        const loaded = read(`${base}.back.db`)
        expect(loaded.duplicates).toBe(true)
        expect(recordsDigest(loaded.records)).toBe(recordsDigest(expected))
      }))
  }

  test("load reads standard input when no file is named", () => {
    const path = join(directory, "stdin.db")
    const text = "VERSION=3\nformat=print\ntype=btree\nHEADER=END\n hello\n wor\\6cd\nDATA=END\n"
    program(process.execPath, [CLI, "load", path], Buffer.from(text))
    const { records } = read(path)
    expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual([["68656c6c6f", "776f726c64"]])
  })
})
