/**
 * Goal: the dump tools take command lines and print as the originals do, also where no recorded run looks. Method: a small file, and what the
 * originals were seen to print and to exit with; then `flashtree hexdump` as a user runs it.
 */
import { writeFileSync } from "node:fs"
import { afterAll, describe, expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { Folder } from "../cli/hand-made.ts"
import { flashtree } from "../cli/program.ts"

const { BTreeCoreFile, hexdump, HeapFile, Node } = heapfile

function makeImage(): Uint8Array {
  const stream = new MemoryStream()
  const core = new BTreeCoreFile(new HeapFile(stream))
  const made = core.createEmptyList(100)
  made.list.insert(new Node({ leaf: true, key: Uint8Array.from([0, 39, 255, 92, 9]), data: "data of one" }))
  made.list.insert(new Node({ key: "it's", left: made.element.link }))
  core.writeList(made)
  core.links.insertElement("next", undefined, made.element, false)
  core.heap.free(core.heap.alloc(5))
  return stream.bytes()
}

const image = makeImage()
const run = (tool: heapfile.HexdumpTool, ...args: string[]) =>
  hexdump(tool, args, (name) => {
    if (name !== "x") throw Object.assign(new Error(`no such file: ${name}`), { code: "ENOENT" })
    return new MemoryStream(image)
  })

describe("the command line", () => {
  it.each<[string, string]>([
    ["", "the following arguments are required: -f/--file"],
    ["-v", "the following arguments are required: -f/--file"],
    ["-f", "argument -f/--file: expected one argument"],
    ["-f x -w", "argument -w/--width: expected one argument"],
    ["-f x -w 1.5", "argument -w/--width: invalid int value: '1.5'"],
    ["-f x -r -1.5", "argument -r/--relative: invalid int value: '-1.5'"],
    ["-f x -n 18 -l 28", "argument -l/--link: not allowed with argument -n/--node"],
    ["-f x -l 28 -n 18", "argument -n/--node: not allowed with argument -l/--link"],
    ["-f x -na 3", "ambiguous option: -na could match -n, -nav"],
    ["-f x --l 28", "ambiguous option: --l could match --link, --link_size"],
    ["-f x -Vho", "argument -h/--help: ignored explicit argument 'o'"],
    ["-f x --verbose=1", "argument -V/--verbose: ignored explicit argument '1'"],
    ["-f x -nav -V", "argument -nav/--navigate: expected one argument"],
    ["-f x -nav --", "argument -nav/--navigate: expected one argument"],
    ["-f x -aw4", "unrecognized arguments: -aw4"],
    ["-f x one -q two", "unrecognized arguments: one -q two"],
  ])("%j ends with 2: %s", (line, message) => {
    const args = line === "" ? [] : line.split(" ")
    expect(run("pybtreecore", ...args)).toEqual({ stdout: "", exitCode: 2, error: `EINVAL: ${message}` })
  })

  it.each([
    "-f x -ho",
    "-fx -ho",
    "-f=x -ho",
    "--file x --header_only",
    "--fi=x --hea",
    "-f x -ho -n18",
    "-f x -ho -l0x28",
    "-f x -ho -n 0x_1_8",
    "-f x -ho -w 1_6",
    "-f x -ho -VV -nav=--",
    "-ho --link_size 8 -f x",
  ])("%j is taken", (line) => {
    const { stdout, exitCode } = run("pybtreecore", ...line.split(" "))
    expect([exitCode, stdout.split("\n")[0]]).toEqual([
      0,
      "Node : 0x18 link 0x28 : prev / succ : 0x0 / 0x9c : Node : 0x0 / 0x8c",
    ])
  })

  it("tells its version and gives help, which no other option spoils", () => {
    expect(run("pyheapfile", "-f", "no such file", "-v").stdout).toBe("Version: v0.0.4a\n")
    expect(run("pydllfile", "-f", "x", "-v").stdout).toBe("Version: v0.0.4\n")
    expect(run("pybtreecore", "-f", "x", "-v").stdout).toBe("Version: v0.0.6\n")
    for (const tool of ["pyheapfile", "pydllfile", "pybtreecore"] as const) {
      const { stdout, exitCode } = run(tool, "-hV", "-w", "x")
      expect(exitCode).toBe(0)
      expect(stdout.includes("--link_size")).toBe(tool !== "pyheapfile")
      expect(stdout.includes("--navigate")).toBe(tool === "pybtreecore")
    }
    expect(() => run("xxd" as heapfile.HexdumpTool)).toThrow("EINVAL: the tool is xxd")
  })
})

describe("what is printed", () => {
  it("has keys as the originals' language writes bytes", () => {
    expect(run("pybtreecore", "-f", "x").stdout.split("\n").slice(1)).toEqual([
      "parent 0x0 Node 0x0",
      "======= left and right is link address use with -l option",
      `000000 : XKD.. l: 0x000000 r: 0x000000 k: b"\\x00'\\xff\\\\\\t"`,
      "000000 : 64 61 74 61 20 6f 66 20 6f 6e 65                : data of one",
      "-------",
      `000001 : .K.L. l: 0x000028 r: 0x000000 k: b"it's"`,
      "=======",
      "",
    ])
  })

  it("ends where an error does", () => {
    const short = run("pydllfile", "-f", "x", "-l", "9c", "-w", "3", "-g", "0")
    expect(short.stdout).toBe(
      "Node base : 0x8c : prev / succ : 0x28 / 0x0 : Node : 0x18 / 0x0\n00009c : 6e6578 : nex\n",
    )
    expect([short.exitCode, short.error]).toEqual([
      1,
      "EINVAL: -g is 0: a short line cannot be filled up in groups of none",
    ])
    const free = run("pyheapfile", "-f", "x", "-r", "3")
    expect([free.exitCode, free.stdout]).toEqual([1, "aloc / used : 0x5 / 0x0 : 5 / 0\n"])
    // The originals run for ever here.
    expect(run("pyheapfile", "-f", "x", "-w", "0").error).toBe("EINVAL: -w is 0, expected at least 1")
    expect(run("pyheapfile", "-f", "y")).toEqual({
      stdout: "",
      exitCode: 1,
      error: "ENOENT: no such file: y",
    })
  })

  it("goes round at the end of a heap, however far", () => {
    const first = run("pyheapfile", "-f", "x").stdout
    for (const steps of ["5", "10", "5000000000"])
      expect(run("pyheapfile", "-f", "x", "-r", steps).stdout).toBe(first)
    expect(run("pyheapfile", "-f", "x", "-r", "4").exitCode).toBe(1)
    expect(run("pyheapfile", "-f", "x", "-r", "-4").stdout).toBe(first)
    expect(run("pyheapfile", "-f", "x", "-r", "-5").exitCode).toBe(1)
  })

  it.each([
    ["1l", 0, "Node : 0x18 link 0x28"],
    ["1l+-", 0, "Node : 0x18 link 0x28"],
    ["+", 0, "Node : 0x8c link 0x9c"],
    ["0l", 0, "out of border"],
    ["p", 0, "out of border"],
    ["2l", 1, ""],
    ["ffffffffffffffffffff+-", 0, "Node : 0x18"],
    ["1L", 1, ""],
    ["1l ", 1, ""],
    ["0lx", 0, "out of border"],
  ])("-nav=%s ends with %i: %s", (steps, code, text) => {
    const { stdout, exitCode } = run("pybtreecore", "-f", "x", `-nav=${steps}`, "-ho")
    expect(exitCode).toBe(code)
    expect(stdout.slice(0, text.length)).toBe(text)
  })
})

describe("flashtree hexdump", () => {
  const folder = new Folder()
  afterAll(() => folder.remove())
  const path = folder.at("x.hpf")
  writeFileSync(path, image)

  it.each([
    ["heap", "pyheapfile", ["-n", "18"]],
    ["link", "pydllfile", ["-r", "1"]],
    ["btcore", "pybtreecore", ["-nav", "1l"]],
  ] as const)("%s prints what %s does", (name, tool, args) => {
    const { stdout, exitCode } = run(tool, "-f", "x", ...args)
    expect(flashtree(["hexdump", name, "-f", path, ...args])).toEqual({
      status: exitCode,
      stdout,
      stderr: "",
    })
  })

  it("takes the heap's when none is named, and has exit codes of its own", () => {
    expect(flashtree(["hexdump", "-f", path, "-ho"]).stdout).toBe("aloc / used : 0x8 / 0x8 : 8 / 8\n")
    expect(flashtree(["hexdump", "heap", "-f", path, "-n", "19"])).toEqual({
      status: 1,
      stdout: "",
      stderr: "flashtree: ECORRUPT: node 25, offset 0: no node begins here (0xaddead00)\n",
    })
    expect(flashtree(["hexdump", "heap", "-f", folder.at("none")]).stderr).toMatch(
      /^flashtree: ENOENT: no such file: .*none\n$/,
    )
    expect(flashtree(["hexdump", "heap"])).toEqual({
      status: 2,
      stdout: "",
      stderr: "flashtree: EINVAL: the following arguments are required: -f/--file\n",
    })
    expect(flashtree(["hexdump", "btree", "-f", path]).stderr).toContain("EINVAL: no dump tool btree")
    expect(flashtree(["hexdump", "btcore", "-h"]).stdout).toContain("--navigate")
  })
})
