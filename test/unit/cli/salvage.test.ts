/**
 * Goal: what can be read of a damaged file gets out of it. Method: the big-key file that 1.85 itself put in a wrong order is dumped
 * with --salvage, loaded into a new file, and every record looked up there; a file with one damaged leaf loses only that.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { FileStream } from "../../../hosts/node/file-stream.ts"
import { btree, MemoryStream } from "../../../src/index.ts"

const CLI = new URL("../../../dist/node/cli.js", import.meta.url).pathname
const directory = mkdtempSync(join(tmpdir(), "flashtree-salvage-"))
afterAll(() => rmSync(directory, { recursive: true }))

describe("dump --salvage", () => {
  it("saves every record of a file whose keys 1.85 has misplaced", () => {
    const source = new URL("../../fixtures/berkeley/db1_bigkeys_quirk.db", import.meta.url).pathname
    expect(spawnSync(process.execPath, [CLI, "dump", source]).status).toBe(2)
    const text = execFileSync(process.execPath, [CLI, "dump", "--salvage", source])
    const mended = join(directory, "mended.db")
    execFileSync(process.execPath, [CLI, "load", mended, "-"], { input: text })
    const stream = new FileStream(mended, { readonly: true })
    const db = btree.open(stream)
    expect(db.check()).toEqual([])
    expect(db.stat().entries).toBe(60)
    let found = 0
    btree.open(new MemoryStream(new Uint8Array(readFileSync(source)))).salvage((key, value) => {
      expect(db.get(key)).toEqual(value)
      found++
    })
    expect(found).toBe(60)
    stream.close()
  })

  it("leaves out a damaged leaf, says so, and exits with 1", () => {
    const stream = new MemoryStream()
    const db = btree.open(stream, { pagesize: 512 })
    for (let i = 0; i < 100; i++) db.set(`key${1000 + i}`, "v".repeat(40))
    db.close()
    const bytes = stream.bytes()
    bytes[3 * 512] ^= 0xff
    const path = join(directory, "damaged.db")
    writeFileSync(path, bytes)
    const run = spawnSync(process.execPath, [CLI, "dump", "--salvage", "--json", path], { encoding: "utf8" })
    expect(run.status).toBe(1)
    expect(run.stderr).toContain("left out: page 3 offset 0")
    const lines = run.stdout.trim().split("\n")
    expect(lines.length).toBeGreaterThan(80)
    expect(lines.length).toBeLessThan(100)
  })
})
