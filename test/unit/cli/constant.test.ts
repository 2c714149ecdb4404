/**
 * Goal: pack, unpack and verify do for a user what their help says, with every kind of input, and end wrong use with one line. Method: the built
 * command, on records that it packs, unpacks and packs again, and on the original's own files.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import * as constant from "../../../src/constant/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { Folder } from "./hand-made.ts"
import { flashtree, output } from "./program.ts"

const folder = new Folder()
afterAll(() => folder.remove())

const ORIGINALS = fileURLToPath(new URL("../../fixtures/constant/", import.meta.url))

const CSV = 'zone,tz,note\nEurope/Oslo,CET-1CEST,a\nAsia/Tokyo,JST-9,"b, c"\n'
const NDJSON = '{"key":"Europe/Oslo","value":"CET-1CEST"}\n{"key":"Asia/Tokyo","value":"JST-9"}\n'
const PAIRS = "# zones\nEurope/Oslo\tCET-1CEST\n\nAsia/Tokyo=JST-9\n"
const SORTED = '{"key":"Asia/Tokyo","value":"JST-9"}\n{"key":"Europe/Oslo","value":"CET-1CEST"}\n'

function pack(name: string, input: string, ...options: string[]): string {
  const path = folder.at(name)
  const { status, stdout, stderr } = flashtree(["pack", path, "-", ...options], { input })
  expect([status, stdout, stderr]).toEqual([0, "", expect.stringMatching(/^packed \d+ records\n$/)])
  return path
}

describe("pack", () => {
  it.each([
    ["csv", CSV, ["--key", "zone", "--value", "tz"], "csv"],
    ["ndjson", NDJSON, [], "text"],
    ["text", PAIRS, [], "dump"],
    ["text, said", "a=1,2\nb=3\n", ["--format", "text"], "ndjson"],
    ["dump", "HEADER=END\n61\n31\n62\n32\n", [], "csv"],
  ])("reads %s, and unpack gives it back in another format", (name, input, options, format) => {
    const path = pack(`${name}.cdb`, input, ...options)
    expect(output("verify", path)).toBe("")
    const lines = output("unpack", path)
    if (input === CSV || input === NDJSON || input === PAIRS) expect(lines).toBe(SORTED)
    const more = format === "csv" ? ["--format", "csv", "--value", "value"] : []
    const again = pack("again.cdb", output("unpack", path, "--format", format), ...more)
    expect(readFileSync(again).equals(readFileSync(path))).toBe(true)
  })

  it("takes numbers for keys that are stored as numbers, with all their digits", () => {
    for (const [keys, largest] of [
      ["uint32", "4294967295"],
      ["uint64", "18446744073709551615"],
    ] as const) {
      // biome-ignore format: a table
      const numbers = pack(`${keys}.cdb`, `{"key":7,"value":"a"}\n{"key":${largest},"value":"b"}\n`, "--keys", keys)
      const texts = pack(`${keys}-text.cdb`, `7=a\n${largest}=b\n`, "--keys", keys)
      expect(readFileSync(numbers).equals(readFileSync(texts))).toBe(true)
    }
    expect(flashtree(["pack", folder.at("no.cdb"), "-"], { input: '{"key":7,"value":1}\n' }).stderr).toMatch(
      /neither text nor/,
    )
  })

  it("names pack where there is no constant database", () => {
    expect(flashtree(["verify", folder.at("absent.cdb")]).stderr).toMatch(/ENOENT.*\n.*flashtree pack/)
  })

  it("reads a btree database and a constant one", () => {
    const tree = folder.at("tree.db")
    expect(flashtree(["load", tree], { input: NDJSON }).status).toBe(0)
    const [one, two] = [folder.at("one.cdb"), folder.at("two.cdb")]
    expect(output("pack", one, tree)).toBe("")
    expect(output("unpack", one)).toBe(SORTED)
    expect(output("pack", two, one)).toBe("")
    expect(readFileSync(two).equals(readFileSync(one))).toBe(true)
  })

  it("makes what the original made", () => {
    for (const [name, keys] of [
      ["u32_p1024_100", "uint32"],
      ["u64_p256_100", "uint64"],
      ["k12_p1024_100", "bytes"],
    ] as const) {
      const [path, source] = [folder.at(`${name}.cdb`), `${ORIGINALS}${name}.db`]
      const pagesize = name.includes("p256") ? "256" : "1024"
      const dump = output("unpack", source, "--format", "dump")
      expect(
        flashtree(["pack", path, "-", "--keys", keys, "--pagesize", pagesize], { input: dump }).status,
      ).toBe(0)
      expect(readFileSync(path).equals(readFileSync(source)), name).toBe(true)
    }
  })

  it("writes into the blocks of a partition image, and keeps the others", () => {
    const image = folder.file("partition.bin", new Uint8Array(16 * 4096).fill(0x5a))
    const place = ["--flash", "--first-block", "3"]
    expect(flashtree(["pack", image, "-", ...place, "--pagesize", "256"], { input: PAIRS }).status).toBe(0)
    expect(output("unpack", image, ...place)).toBe(SORTED)
    expect(output("verify", image, ...place)).toBe("")
    const bytes = readFileSync(image)
    expect(bytes.subarray(0, 3 * 4096).every((byte) => byte === 0x5a)).toBe(true)
    expect(bytes.subarray(4 * 4096).every((byte) => byte === 0x5a)).toBe(true)
  })

  it("takes signature and version, which unpack and verify find out", () => {
    const path = pack("mine.cdb", NDJSON, "--signature", "zones", "--app-version", "7")
    const header = constant.inspect(new MemoryStream(readFileSync(path)))
    expect(header).toMatchObject({ signature: "zones", appVersion: 7, items: 3, pagesize: 1024 })
    expect(output("unpack", path)).toBe(SORTED)
  })
})

describe("verify", () => {
  it("names damage, a line a finding or JSON, with exit code 1", () => {
    const path = pack("rotten.cdb", NDJSON)
    const image = readFileSync(path)
    image[image.length - 1] = (image[image.length - 1] as number) ^ 1
    writeFileSync(path, image)
    const { status, stdout } = flashtree(["verify", path])
    expect([status, stdout]).toEqual([
      1,
      "ECORRUPT page 0 offset 112: the digest of the values is another one: a value is damaged\n",
    ])
    expect(JSON.parse(flashtree(["verify", path, "--json"]).stdout)).toMatchObject({ page: 0, offset: 112 })
    writeFileSync(path, image.subarray(0, 1500))
    expect(flashtree(["verify", path])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining("the file ends after"),
    })
  })

  it.each(["bad_root_key_flip", "bad_value_flip", "bad_sigpage_padding_flip", "bad_header_crc"])(
    "names %s",
    (name) => {
      expect(flashtree(["verify", `${ORIGINALS}${name}.db`]).status).toBe(1)
    },
  )
})

describe("wrong use", () => {
  const sound = pack("sound.cdb", NDJSON)
  it.each<[string[], string, RegExp]>([
    [
      ["pack", "new.cdb", "-"],
      '{"key":"a","value":"1"}\n{"key":"a","value":"2"}\n',
      /^EINVAL: the key a is there twice, in records 1 and 2/,
    ],
    [
      ["pack", "new.cdb", "-", "--keys", "uint32"],
      "4294967296=x\n",
      /^EINVAL: line 1: the key 4294967296 is no number of uint32/,
    ],
    [["pack", "new.cdb", "-", "--keys", "bytes"], "a=1\nbb=2\n", /^EINVAL: the key has 2 bytes, expected 1/],
    [["pack", "new.cdb", "-", "--pagesize", "100"], "a=1\n", /^EINVAL: pagesize is 100/],
    [["pack", "new.cdb", "-", "--format", "text"], "nothing\n", /^EINVAL: line 1: neither a tab nor =/],
    [["pack", "new.cdb", "-", "--format", "database"], "", /^EINVAL: a database cannot be read from stdin/],
    [
      ["pack", "new.cdb", "-", "--first-block", "1"],
      "a=1\n",
      /^EINVAL: --first-block and --block-length go with --flash/,
    ],
    [["pack", "new.cdb", "-", "--flash"], "a=1\n", /^ENOENT: no such file: .*new.cdb/],
    [["unpack", "new.cdb"], "", /^ENOENT: no such file: .*new.cdb/],
    [["verify", "text.txt"], "", /^EFTYPE: no constant database/],
  ])("%j is refused", (args, input, message) => {
    folder.file("text.txt", "x".repeat(300))
    const [verb, name, ...rest] = args as [string, string]
    const { status, stdout, stderr } = flashtree([verb, folder.at(name), ...rest], { input })
    expect([status, stdout]).toEqual([2, ""])
    expect(stderr.replace(/^flashtree: /, "")).toMatch(message)
    expect(existsSync(folder.at("new.cdb"))).toBe(false)
  })

  it("does not pack a file into itself, nor unpack over it", () => {
    const before = readFileSync(sound)
    expect(flashtree(["pack", sound, sound]).stderr).toContain("EINVAL: IN is the file that is to be made")
    expect(flashtree(["unpack", sound, "--output", sound]).stderr).toContain("EINVAL: --output")
    expect(readFileSync(sound).equals(before)).toBe(true)
  })
})
