/**
 * Goal: every verb does for a user what its help says. Method: the built command is run on small databases that it
 * makes itself, and its output, exit code and files are looked at.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { Folder } from "./hand-made.ts"
import { flashtree, output } from "./program.ts"

const folder = new Folder()
afterAll(() => folder.remove())

const VERBS = [
  "info",
  "check",
  "dump",
  "load",
  "get",
  "put",
  "del",
  "keys",
  "pages",
  "page",
  "pack",
  "unpack",
  "verify",
  "hexdump",
]

/** Makes a database of these records. */
function make(name: string, records: Record<string, string>, ...options: string[]): string {
  const lines = Object.entries(records).map(([key, value]) => JSON.stringify({ key, value }))
  const path = folder.at(name)
  const { stderr } = flashtree(["load", path, ...options], { input: lines.join("\n") })
  expect(stderr).toBe(`loaded ${lines.length} records\n`)
  return path
}

const fruit = make("fruit.db", { apple: "red", banana: "yellow", cherry: "red", date: "brown" })
const many = make(
  "many.db",
  Object.fromEntries(
    Array.from({ length: 500 }, (_, n) => [`key${String(n).padStart(4, "0")}`, `value ${n}`]),
  ),
  "--pagesize",
  "512",
)

describe("help", () => {
  it("names every verb", () => {
    const help = output("--help")
    for (const verb of VERBS) expect(help).toMatch(new RegExp(`^ +${verb} {2,}\\S`, "m"))
    expect(output("-h")).toBe(help)
  })

  it.each(VERBS)("of %s has an example, plain text and exit code 0", (verb) => {
    const help = output(verb, "--help")
    expect(help).toContain(`USAGE flashtree ${verb} `)
    expect(help.split("\nEXAMPLES\n\n")[1]).toContain(`flashtree ${verb} `)
    expect(help).not.toContain("\x1b")
  })

  it("tells the version of the package", () => {
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
    expect(output("--version")).toBe(`${version}\n`)
  })
})

describe("put, get and del", () => {
  it("store, give and remove a record", () => {
    const path = folder.at("settings.db")
    expect(flashtree(["put", path, "wifi", "garden"])).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(output("get", path, "wifi")).toBe("garden")
    expect(output("get", path, "--raw-key", "77696669", "--hex")).toBe("67617264656e\n")
    expect(flashtree(["put", path, "wifi", "house"]).status).toBe(0)
    expect(output("get", path, "base64:d2lmaQ")).toBe("house")
    expect(flashtree(["del", path, "wifi"])).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(flashtree(["get", path, "wifi"])).toEqual({ status: 1, stdout: "", stderr: "" })
    expect(flashtree(["del", path, "wifi"]).status).toBe(1)
    expect(output("check", path)).toBe("")
  })

  it("carry any bytes through stdin and stdout", () => {
    const path = folder.at("bytes.db")
    const value = new Uint8Array(100_000).map((_, index) => (index * 7) & 255)
    expect(flashtree(["put", path, "hex:00ff", "-"], { input: value }).status).toBe(0)
    expect(output("get", path, "hex:00ff")).toBe(Buffer.from(value).toString("latin1"))
    expect(flashtree(["put", path, "--", "-dashed", "-value"]).status).toBe(0)
    expect(output("get", path, "text:-dashed")).toBe("-value")
    expect(flashtree(["put", path, "digits", "00fF", "--hex"]).status).toBe(0)
    expect(output("get", path, "digits")).toBe("\0\xff")
    expect(flashtree(["put", path, "text:", ""]).status).toBe(0)
    expect(output("keys", path)).toBe("text:\nhex:00ff\ntext:-dashed\ndigits\n")
  })
})

describe("keys", () => {
  const keys = (...options: string[]) =>
    output("keys", fruit, ...options)
      .trimEnd()
      .split("\n")
      .join(" ")

  it.each([
    [[], "apple banana cherry date"],
    [["--start", "banana"], "banana cherry date"],
    [["--start", "b", "--end", "cherry"], "banana"],
    [["--start", "b", "--end", "cherry", "--inclusive"], "banana cherry"],
    [["--end", "cz", "--inclusive"], "apple banana cherry"],
    [["--desc"], "date cherry banana apple"],
    [["--desc", "--start", "banana", "--end", "date"], "cherry banana"],
    [["--desc", "--start", "b", "--end", "date", "--inclusive"], "date cherry banana"],
    [["--desc", "--end", "d"], "cherry banana apple"],
    [["--desc", "--end", "zebra"], "date cherry banana apple"],
    [["--limit", "2"], "apple banana"],
    [["--limit", "0"], ""],
    [["--start", "x"], ""],
    [["--start", "c", "--end", "b"], ""],
    [["--start", "c", "--end", "b", "--desc"], ""],
  ])("%j", (options, expected) => {
    expect(keys(...options)).toBe(expected)
  })

  it("shows values, hex and JSON", () => {
    expect(output("keys", fruit, "--values", "--limit", "1")).toBe("apple\tred\n")
    expect(output("keys", fruit, "--values", "--hex", "--limit", "1")).toBe("6170706c65\t726564\n")
    expect(output("keys", fruit, "--json", "--limit", "1")).toBe('{"key":"apple"}\n')
    expect(output("keys", fruit, "--json", "--values", "--limit", "1")).toBe(
      '{"key":"apple","value":"red"}\n',
    )
  })

  it("gives all of equal keys, either way", () => {
    const path = folder.at("equal.db")
    const text = "HEADER=END\n61\n01\n62\n02\n62\n03\n62\n04\n63\n05\n"
    expect(flashtree(["load", path, "--duplicates"], { input: text }).status).toBe(0)
    const range = ["--start", "b", "--end", "b", "--inclusive", "--values", "--hex"]
    expect(output("keys", path, ...range)).toBe("62\t02\n62\t03\n62\t04\n")
    expect(output("keys", path, ...range, "--desc")).toBe("62\t04\n62\t03\n62\t02\n")
    expect(output("dump", path)).toContain("\nduplicates=1\n")
  })
})

describe("dump and load", () => {
  it("give back the same database", () => {
    for (const options of [[], ["--printable"], ["--json"]]) {
      const text = output("dump", many, ...options)
      const copy = folder.at(`copy${options.join("")}.db`)
      expect(flashtree(["load", copy], { input: Buffer.from(text, "latin1") }).stderr).toBe(
        "loaded 500 records\n",
      )
      expect(output("dump", copy, ...options)).toBe(text)
      expect(output("check", copy)).toBe("")
    }
  })

  it("write a range, and into a file", () => {
    const target = folder.at("range.txt")
    expect(output("dump", fruit, "--printable", "--start", "b", "--end", "d", "--output", target)).toBe("")
    expect(readFileSync(target, "utf8")).toBe(
      "VERSION=3\nformat=print\ntype=btree\ndb_pagesize=4096\nHEADER=END\n banana\n yellow\n cherry\n red\nDATA=END\n",
    )
  })

  it("read CSV", () => {
    const text = folder.file("cities.csv", 'name,country,people\nOslo,NO,"700,000"\nBern,CH,130000\n')
    const path = folder.at("cities.db")
    expect(flashtree(["load", path, text, "--key", "name"]).stderr).toBe("loaded 2 records\n")
    expect(output("get", path, "Oslo")).toBe('{"country":"NO","people":"700,000"}')
    expect(flashtree(["load", path, text, "--key", "name", "--value", "country"]).status).toBe(0)
    expect(output("keys", path, "--values")).toBe("Bern\tCH\nOslo\tNO\n")
  })

  it("keep what is there with --no-overwrite", () => {
    const path = make("keep.db", { a: "1" })
    const { stderr } = flashtree(["load", path, "-", "--no-overwrite"], {
      input: '{"key":"a","value":"2"}\n{"key":"b","value":"2"}',
    })
    expect(stderr).toBe("loaded 1 records, kept 1\n")
    expect(output("keys", path, "--values")).toBe("a\t1\nb\t2\n")
  })

  it("take the page size of the dump, unless told another", () => {
    const dump = folder.file("many.txt", output("dump", many))
    const pagesizeOf = (name: string, ...options: string[]): number => {
      output("load", folder.at(name), dump, ...options)
      return JSON.parse(output("info", folder.at(name), "--json")).pagesize
    }
    expect(pagesizeOf("same-size.db")).toBe(512)
    expect(pagesizeOf("other-size.db", "--pagesize", "2048")).toBe(2048)
    const { stderr } = flashtree(["load", folder.at("other-size.db"), dump, "--pagesize", "512"])
    expect(stderr).toMatch(/^flashtree: note: .*other-size.db exists and keeps its page size of 2048 bytes\n/)
  })

  it("flush between batches and write checks when asked", () => {
    const path = folder.at("checked.db")
    output("load", path, folder.file("many.txt", output("dump", many)), "--checksums", "--batch", "7")
    expect(output("page", path, "1")).toMatch(/flags +0x[0-9a-f]{6}01 +internal, check [0-9a-f]{6}\n/)
    expect(output("check", path)).toBe("")
  })

  it("of an empty database is empty", () => {
    const path = folder.file("empty.db")
    expect(output("dump", path, "--printable")).toBe(
      "VERSION=3\nformat=print\ntype=btree\ndb_pagesize=4096\nHEADER=END\nDATA=END\n",
    )
    expect(output("keys", path)).toBe("")
    expect(readFileSync(path).length).toBe(0)
  })
})

describe("info", () => {
  it("tells what a database is", () => {
    expect(output("info", fruit).replace(folder.path, "")).toMatchInlineSnapshot(`
      "file         /fruit.db
      format       Berkeley DB 1.85 btree, version 3
      byte order   little-endian (1234)
      page size    4096 bytes
      duplicates   not allowed
      pages        2 (1 leaf, 0 internal, 0 overflow, 0 free)
      depth        1
      entries      4
      file size    8192 bytes
      fill         2 % of the leaf pages
      "
    `)
  })

  it("tells it as JSON", () => {
    const facts = JSON.parse(output("info", many, "--json"))
    const { pages, freePages, leafPages, internalPages, overflowPages, fileSize } = facts
    expect(facts).toMatchObject({ pagesize: 512, entries: 500, duplicates: false, version: 3 })
    expect(pages).toBe(1 + freePages + leafPages + internalPages + overflowPages)
    expect(fileSize).toBe(pages * 512)
    expect(facts.fill).toBeGreaterThan(0.4)
    expect(facts.fill).toBeLessThanOrEqual(1)
  })
})

describe("check", () => {
  it("finds nothing in a sound database", () => {
    expect(flashtree(["check", many])).toEqual({ status: 0, stdout: "", stderr: "" })
  })

  it("gives a line a finding and exit code 1", () => {
    const path = folder.at("damaged.db")
    const image = readFileSync(many)
    image[512 * 5] ^= 1 // its own number
    writeFileSync(path, image)
    const { status, stdout, stderr } = flashtree(["check", path])
    expect([status, stderr]).toEqual([1, ""])
    expect(stdout).toMatch(/^(\w+ page \d+ offset \d+: .+\n)+$/)
    expect(stdout).toContain(" page 5 offset ")
    const lines = flashtree(["check", path, "--json"]).stdout.trimEnd().split("\n")
    expect(Object.keys(JSON.parse(lines[0])).sort()).toEqual(["code", "message", "offset", "page"])
  })
})

describe("pages and page", () => {
  it("list and draw what info counts", () => {
    const lines = output("pages", many).trimEnd().split("\n")
    const facts = JSON.parse(output("info", many, "--json"))
    const count = (type: string) => lines.filter((line) => line.split(/\s+/)[2] === type).length
    expect(lines.length).toBe(facts.pages + 1)
    expect([count("leaf"), count("internal"), count("overflow"), count("free")]).toEqual([
      facts.leafPages,
      facts.internalPages,
      facts.overflowPages,
      facts.freePages,
    ])
    expect(lines.some((line) => line.endsWith("nobody"))).toBe(false)
    expect(output("page", many, "1")).toContain("page 1 of ")
    expect(output("page", fruit, "1")).toMatch(/^ {2}\|h\.+##?\|$/m)
    expect(output("page", many, "0", "--hex")).toContain("\n     0  62 31 05 00 03 00 00 00 00 02 00 00 ")
  })

  it("read files that nothing else reads", () => {
    const image = readFileSync(many)
    image.fill(0xee, 0, 24)
    const path = folder.file("headless.db", image)
    expect(flashtree(["page", path, "1"]).stderr).toContain("flashtree: EFTYPE: ")
    expect(output("page", path, "1", "--pagesize", "512")).toBe(output("page", many, "1"))
    expect(flashtree(["pages", path, "--pagesize", "512"]).status).toBe(1)
    expect(
      flashtree(["page", folder.file("short.db", image.subarray(0, 600)), "0", "--pagesize", "512"]).status,
    ).toBe(1)
  })
})
