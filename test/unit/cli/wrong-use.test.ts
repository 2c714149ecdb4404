/**
 * Goal: wrong use and wrong files end with exit code 2 and one line that says what is wrong, never with a stack trace,
 * and never change or create a file. Method: each kind of wrong once, through the built command.
 */
import { spawnSync } from "node:child_process"
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { afterAll, describe, expect, it } from "vitest"
import { Folder, Maker } from "./hand-made.ts"
import { type Circumstances, CLI, FIXTURES, flashtree, type Outcome } from "./program.ts"

const folder = new Folder()
afterAll(() => folder.remove())

/** Runs a command that must fail; gives its error line without the program's name, and checks that it is one. */
function errorOf(args: string[], circumstances?: Circumstances, run = flashtree): string {
  const { status, stdout, stderr } = run(args, circumstances)
  expect([status, stdout]).toEqual([2, ""])
  expect(stderr).toMatch(/^(flashtree: note: .*\n)*flashtree: [A-Z]+: .+\n( {2}hint: .+\n)?$/)
  return stderr.replace(/^flashtree: (?!note)/m, "").trimEnd()
}

describe("a command line", () => {
  it.each([
    [[], "EINVAL: no verb given"],
    [["frobnicate"], "EINVAL: unknown verb frobnicate"],
    [["--frobnicate"], "EINVAL: unknown option --frobnicate"],
    [["toString", "x"], "EINVAL: unknown verb toString"],
    [["get"], "EINVAL: FILE is missing"],
    [["get", "x.db"], "EINVAL: give either KEY or --raw-key"],
    [["get", "x.db", "k", "--raw-key", "00"], "EINVAL: give either KEY or --raw-key"],
    [["get", "x.db", "--raw-key", "0"], "EINVAL: --raw-key takes an even number of hex digits, not: 0"],
    [["get", "x.db", "hex:xy"], "EINVAL: not a key: hex:xy"],
    [["get", "x.db", "k", "l"], "EINVAL: one argument too many: l"],
    [["put", "x.db", "k", "-5"], "EINVAL: Unknown option '-5'"],
    [["put", "x.db", "k", "0", "--hex"], "EINVAL: --hex takes an even number of hex digits, not: 0"],
    [["keys", "x.db", "--bogus"], "EINVAL: Unknown option '--bogus'"],
    [["keys", "x.db", "--limit", "many"], "EINVAL: --limit takes a whole number from 0 up, not: many"],
    [["load", "x.db", "--format", "xml"], "EINVAL: --format xml: choose one of dump, csv, ndjson"],
    [["load", "x.db", "--batch", "0"], "EINVAL: --batch takes a whole number from 1 up, not: 0"],
    [["page", "x.db", "-1"], "EINVAL: Unknown option '-1'"],
    [
      ["pages", "x.db", "--pagesize", "511"],
      "EINVAL: --pagesize 511: a page has 512 to 65536 bytes, an even number",
    ],
  ])("%j is refused", (args, message) => {
    expect(errorOf(args).split("\n")[0]).toBe(message)
    expect(existsSync("x.db")).toBe(false)
  })
})

const READING = [["info"], ["check"], ["dump"], ["get", "k"], ["keys"], ["pages"], ["page", "1"]]
const onFile = (path: string, [verb, ...rest]: string[]): string[] => [verb, path, ...rest]

describe("a missing file", () => {
  it.each([...READING, ["del", "k"]])("is an error for %s %s and stays missing", (...verb) => {
    const path = folder.at("missing.db")
    const words = verb.filter((word) => word !== undefined)
    expect(errorOf(onFile(path, words))).toMatch(/^ENOENT: no such file: .*missing.db\n {2}hint: /)
    expect(existsSync(path)).toBe(false)
  })

  it("is an error for the input and the folder of load", () => {
    const path = folder.at("new.db")
    expect(errorOf(["load", path, folder.at("missing.csv")])).toMatch(/^ENOENT: /)
    expect(existsSync(path)).toBe(false)
    expect(errorOf(["put", folder.at("no/folder.db"), "k", "v"])).toMatch(/^(EIO|ENOENT): /)
  })
})

describe("a file that is no database", () => {
  const text = "Dear diary, today nothing happened. ".repeat(40)
  const foreign = folder.file("foreign.txt", text)

  it.each([...READING, ["del", "k"], ["put", "k", "v"]])(
    "is refused by %s %s %s and not changed",
    (...verb) => {
      const words = verb.filter((word) => word !== undefined)
      expect(errorOf(onFile(foreign, words))).toMatch(/^EFTYPE: /)
      expect(readFileSync(foreign, "latin1")).toBe(text)
    },
  )

  it("is refused by load and not changed", () => {
    expect(errorOf(["load", foreign], { input: '{"key":"a","value":"b"}' })).toMatch(/^EFTYPE: /)
    expect(readFileSync(foreign, "latin1")).toBe(text)
  })

  it("but a recno file is named", () => {
    expect(errorOf(["keys", join(FIXTURES, "db1_recno.db")])).toMatch(/^EFTYPE: .*recno/)
  })

  it("but a folder is named", () => {
    mkdirSync(folder.at("folder"))
    expect(errorOf(["info", folder.at("folder")])).toMatch(/^EISDIR: /)
    expect(errorOf(["put", folder.at("folder"), "k", "v"])).toMatch(/^EISDIR: /)
    expect(errorOf(["info", "/dev/null"])).toBe("EINVAL: /dev/null is not a regular file")
  })
})

describe("a malformed text", () => {
  it("is refused with its line, and what came before it is kept", () => {
    const path = folder.at("half.db")
    expect(errorOf(["load", path], { input: '{"key":"a","value":"1"}\n{"key":"b"}\n' })).toBe(
      'flashtree: note: 1 records were loaded before the error\nEINVAL: line 2: the object has no "value"',
    )
    expect(flashtree(["keys", path, "--values"]).stdout).toBe("a\t1\n")
  })

  it.each([
    ["", "EINVAL: the input is empty"],
    ["[1, 2]", "EINVAL: line 1: the input looks like a JSON array"],
    ["a,b\n1,2\n", 'EINVAL: the CSV has no column "key"'],
    ["VERSION=3\nformat=print\n", "EINVAL: line 2: the header ends without HEADER=END"],
    ["b1\0\0\n", "EINVAL: the input is not text"],
  ])("%j creates no database", (input, message) => {
    const path = folder.at("never.db")
    expect(errorOf(["load", path], { input }).split("\n")[0]).toBe(message)
    expect(existsSync(path)).toBe(false)
  })

  it("of a page size that is not possible creates no database", () => {
    const path = folder.at("never.db")
    expect(errorOf(["load", path, "--pagesize", "513"], { input: '{"key":"a","value":"b"}' })).toMatch(
      /^EINVAL: /,
    )
    expect(existsSync(path)).toBe(false)
  })

  it("with CSV options says so", () => {
    const message = errorOf(["load", folder.at("never.db"), "--key", "k"], { input: "{}" })
    expect(message).toBe("EINVAL: --key and --value name columns of CSV; the input is ndjson")
  })
})

describe("a database", () => {
  const path = folder.at("fruit.db")
  flashtree(["put", path, "apple", "red"])

  it("is not overwritten by its own dump or loaded into itself", () => {
    const before = readFileSync(path)
    expect(errorOf(["dump", path, "--output", path])).toMatch(/^EINVAL: --output .* is the database itself/)
    expect(errorOf(["load", path, path])).toBe("EINVAL: IN is the database itself")
    expect(readFileSync(path)).toEqual(before)
  })

  it("without duplicates takes none from a dump, unless told to", () => {
    const input = "format=print\nduplicates=1\nHEADER=END\nk\n1\nk\n2\n"
    expect(errorOf(["load", path], { input })).toMatch(/^EINVAL: .* does not allow duplicates\n {2}hint: /)
    expect(flashtree(["load", path, "--no-duplicates"], { input }).stderr).toBe("loaded 2 records\n")
    expect(flashtree(["get", path, "k"]).stdout).toBe("2")
  })

  it("has only so many pages", () => {
    expect(errorOf(["page", path, "9"])).toBe("EINVAL: no page 9: the file has pages 0 to 1")
    expect(errorOf(["page", folder.file("zero.db"), "0"])).toContain("is empty")
  })

  it("shows a stack trace only when asked", () => {
    const { stderr } = flashtree(["page", path, "9"], { env: { FLASHTREE_DEBUG: "1" } })
    expect(stderr).toMatch(/\n {4}at /)
  })

  it("whose meta page is damaged says where to look", () => {
    const file = folder.file("meta.db", [new Maker().meta(77), new Maker().tree(1, [])])
    expect(flashtree(["page", file, "0"]).stdout).toContain("! offset 12: free 77: the file has pages 0 to 1")
  })
})

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))

/**
 * Gives a copy of the built command for a user who may not read the checkout. Its modules are loaded before the user
 * is changed, so the packages need no copies; package.json is read later.
 */
function copyOfCommand(): string {
  const copy = folder.at("copy")
  if (!existsSync(copy)) {
    cpSync(dirname(CLI), join(copy, "dist/node"), { recursive: true })
    cpSync(join(ROOT, "package.json"), join(copy, "package.json"))
    symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"))
  }
  return join(copy, "dist/node/cli.js")
}

/**
 * Runs a command as a user whom permissions bind. Root, who is none, becomes nobody when the command is loaded and
 * before any of it runs: so nobody need not be allowed to read the checkout or to run node.
 */
function asOrdinaryUser(args: string[], circumstances: Circumstances = {}): Outcome {
  if (process.getuid?.() !== 0) return flashtree(args, circumstances)
  const cli = copyOfCommand()
  const drop = "data:text/javascript,process.setgroups([]), process.setgid(65534), process.setuid(65534)"
  const program = `import "${drop}"; import "${pathToFileURL(cli)}"`
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", program, "--", cli, ...args], {
    input: circumstances.input ?? "",
    env: { ...process.env, FLASHTREE_DEBUG: "", ...circumstances.env },
    encoding: "latin1",
    timeout: 30_000,
  })
  if (child.error) throw child.error
  return child
}

describe("a file that may not be written", () => {
  chmodSync(folder.path, 0o755)
  const path = folder.at("locked.db")
  flashtree(["put", path, "apple", "red"])
  chmodSync(path, 0o444)

  it("can be read", () => {
    for (const verb of READING) {
      const { status, stderr } = asOrdinaryUser(onFile(path, verb))
      expect([status, stderr]).toEqual([verb[0] === "get" ? 1 : 0, ""])
    }
  })

  it("is not written", () => {
    const before = readFileSync(path)
    for (const verb of [["put", "k", "v"], ["del", "apple"], ["load"]]) {
      const message = errorOf(onFile(path, verb), { input: '{"key":"a","value":"b"}' }, asOrdinaryUser)
      expect(message).toMatch(/^(EACCES|EROFS): .*locked.db/)
    }
    expect(readFileSync(path)).toEqual(before)
  })

  it("may be one that cannot be read either", () => {
    chmodSync(path, 0o000)
    expect(errorOf(["keys", path], {}, asOrdinaryUser)).toMatch(/^(EACCES|EROFS): .*locked.db/)
  })
})

describe("a pipe whose reader has gone", () => {
  it.each(["keys", "dump", "pages"])("ends %s quietly", (verb) => {
    const path = folder.at("long.db")
    if (!existsSync(path)) {
      const lines = Array.from({ length: 20_000 }, (_, n) =>
        JSON.stringify({ key: `key ${n}`, value: "x".repeat(100) }),
      )
      expect(flashtree(["load", path, "--pagesize", "512"], { input: lines.join("\n") }).status).toBe(0)
    }
    const command = `"${process.execPath}" "${CLI}" ${verb} "${path}" | head -n 1; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" })
    expect(stderr).toBe("")
    expect(stdout).toMatch(/^.+\n0\n$/)
  })
})
