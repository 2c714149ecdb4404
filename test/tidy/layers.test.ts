/**
 * Goal: the dependency direction of docs/DESIGN.md section 2 holds, so that a room can be read, and shipped to a
 * device, without the rooms above it. Method: every TypeScript file of src, hosts and boards is parsed, every module
 * it names (also in types and dynamic imports) is resolved, and each pair of files is held against one table. Cycles
 * between files are looked for in what is left when types are stripped.
 */
import { dirname, join } from "node:path/posix"
import { parseSync } from "@swc/core"
import { describe, expect, it } from "vitest"
import { parseScript, stripTypes } from "../support/syntax.ts"
import { codeIn, textOf } from "./sources.ts"

const FOUNDATION = ["stream", "bytes", "checksum", "sha256", "errors", "assert", "platform"]
const ENGINES = ["btree", "append", "constant", "heapfile", "flash", "log"]

/** Room of src -> the rooms it may import, besides itself. A room that is not here is not in the house. */
const MAY_IMPORT: Record<string, string[]> = {
  index: [...ENGINES, ...FOUNDATION],
  config: ["values", ...ENGINES, "page", ...FOUNDATION],
  values: [...ENGINES, "page", ...FOUNDATION],
  ...Object.fromEntries(ENGINES.map((engine) => [engine, ["page", ...FOUNDATION]])),
  page: FOUNDATION,
  ...Object.fromEntries(FOUNDATION.map((room) => [room, FOUNDATION])),
}

/** Packages and built-in modules a host may import; src may import none. */
const HOST_PACKAGES: Record<string, RegExp> = {
  "hosts/node/cli": /^(node:|citty$)/,
  "hosts/node": /^node:/,
  "hosts/moddable": /^(embedded:|flash$|file$|mc\/config$)/,
  "hosts/espruino": /^[^.]/,
}

/** Gives why the file `from` may not import `to` (a path from the root, or a package), or undefined when it may. */
function objection(from: string, to: string): string | undefined {
  const ours = /^(src|hosts|boards|test|examples)\//.test(to)
  if (ours && !to.endsWith(".ts") && !to.endsWith(".json")) return "say the file with its extension"
  if (from.startsWith("src/")) {
    if (!to.startsWith("src/")) return "src knows no host and no package"
    const room = roomOf(from)
    const allowed = MAY_IMPORT[room]
    if (!allowed) return `no room "${room}" in the table of layers.test.ts`
    return room === roomOf(to) || allowed.includes(roomOf(to))
      ? undefined
      : `${room} must not import ${roomOf(to)}`
  }
  if (ours) {
    if (/^(src|boards)\//.test(to) || hostOf(from) === hostOf(to)) return undefined
    // What hosts share lies directly in hosts/, and knows none of them.
    return hostOf(to) === to && from.startsWith("hosts/") ? undefined : "hosts import src and boards"
  }
  const place = Object.keys(HOST_PACKAGES).find((folder) => from.startsWith(`${folder}/`))
  if (!place) return `no host "${hostOf(from)}" in the table of layers.test.ts`
  return HOST_PACKAGES[place].test(to) ? undefined : `${place} must not import the package ${to}`
}

/** The folder below src, or the name of a file that lies directly in src. */
function roomOf(path: string): string {
  return path.split("/")[1].replace(/\.ts$/, "")
}

function hostOf(path: string): string {
  return path.split("/").slice(0, 2).join("/")
}

/** Gives every module that a TypeScript file names: imports, re-exports, import() and import types. */
function importsOf(path: string, source: string): string[] {
  const found: string[] = []
  const pending: unknown[] = [parseSync(source, { syntax: "typescript", target: "es2022" })]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (at === null || typeof at !== "object") continue
    const node = at as Record<string, unknown>
    const call = node.type === "CallExpression" && (node.callee as { type: string }).type === "Import"
    const literal = call
      ? (node.arguments as { expression: unknown }[])[0].expression
      : (node.source ?? node.argument)
    const names = call || /^(Import|Export|TsImport)/.test(`${node.type}`)
    const value = (literal as { value?: unknown } | undefined)?.value
    if (names && typeof value === "string") found.push(value)
    pending.push(...Object.values(node))
  }
  return found.map((name) => (name.startsWith(".") ? join(dirname(path), name) : name)).sort()
}

/** Gives the first cycle of imports that run, or undefined. */
function findCycle(imports: Map<string, string[]>): string[] | undefined {
  const done = new Set<string>()
  function visit(path: string, above: string[]): string[] | undefined {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path]
    if (done.has(path)) return undefined
    done.add(path)
    for (const next of imports.get(path) ?? []) {
      const cycle = visit(next, [...above, path])
      if (cycle) return cycle
    }
    return undefined
  }
  for (const path of imports.keys()) {
    const cycle = visit(path, [])
    if (cycle) return cycle
  }
  return undefined
}

describe("the rule", () => {
  it.each([
    ["src/btree/split.ts", "src/append/page.ts"],
    ["src/log/log.ts", "src/flash/volume.ts"],
    ["src/flash/volume.ts", "src/btree/layout.ts"],
    ["src/page/pool.ts", "src/btree/layout.ts"],
    ["src/page/pool.ts", "src/values/tuple.ts"],
    ["src/stream/memory.ts", "src/page/pool.ts"],
    ["src/errors.ts", "src/index.ts"],
    ["src/btree/tree.ts", "src/config/config.ts"],
    ["src/btree/tree.ts", "src/page/pool"],
    ["src/btree/tree.ts", "hosts/node/file-stream.ts"],
    ["src/btree/tree.ts", "test/support/syntax.ts"],
    ["src/btree/tree.ts", "node:fs"],
    ["src/btree/tree.ts", "citty"],
    ["src/cellar/tree.ts", "src/errors.ts"],
    ["hosts/node/file-stream.ts", "citty"],
    ["hosts/node/file-stream.ts", "test/support/syntax.ts"],
    ["hosts/node/file-stream.ts", "hosts/moddable/file-stream.ts"],
    ["hosts/mars/file-stream.ts", "node:fs"],
    ["hosts/store.ts", "hosts/node/open.ts"],
    ["hosts/store.ts", "node:fs"],
    ["hosts/moddable/file-stream.ts", "node:fs"],
    ["src/btree/tree.ts", "hosts/store.ts"],
  ])("%s must not import %s", (from, to) => {
    expect(objection(from, to)).toBeTypeOf("string")
  })

  it.each([
    ["src/btree/tree.ts", "src/btree/layout.ts"],
    ["src/btree/tree.ts", "src/page/cache.ts"],
    ["src/btree/tree.ts", "src/errors.ts"],
    ["src/page/cache.ts", "src/stream/stream.ts"],
    ["src/bytes.ts", "src/platform.ts"],
    ["src/config/config.ts", "src/btree/tree.ts"],
    ["src/index.ts", "src/btree/tree.ts"],
    ["hosts/node/file-stream.ts", "node:fs"],
    ["hosts/node/cli/main.ts", "citty"],
    ["hosts/node/cli/main.ts", "hosts/node/file-stream.ts"],
    ["hosts/node/index.ts", "src/index.ts"],
    ["hosts/node/open.ts", "hosts/store.ts"],
    ["hosts/store.ts", "src/btree/index.ts"],
    ["hosts/moddable/moddable.ts", "embedded:storage/files"],
    ["hosts/moddable/files-legacy.ts", "mc/config"],
  ])("%s may import %s", (from, to) => {
    expect(objection(from, to)).toBeUndefined()
  })

  it("sees every way to name a module", () => {
    const source = `import a from "a"; import type { B } from "b"; export { c } from "c"; export * from "./d.ts"
      type E = import("../e.ts").E; const f = import("f"); import "g"; export type { H } from "h"`
    const names = ["a", "b", "c", "f", "g", "h", "src/e.ts", "src/x/d.ts"]
    expect(importsOf("src/x/y.ts", source)).toEqual(names)
  })

  it("finds a cycle", () => {
    expect(findCycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]))).toEqual(["b", "c", "b"]) // biome-ignore format: one line
    expect(findCycle(new Map([["a", ["b", "c"]], ["b", ["c"]]]))).toBeUndefined() // biome-ignore format: one line
  })
})

describe("the house", () => {
  const paths = [...codeIn("src"), ...codeIn("hosts"), ...codeIn("boards")]

  it.each(paths)("%s", (path) => {
    const objections = importsOf(path, textOf(path)).flatMap((to) => {
      const why = objection(path, to)
      return why ? [`${to}: ${why}`] : []
    })
    expect(objections).toEqual([])
  })

  it("has no cycle of imports", () => {
    const imports = paths.map((path): [string, string[]] => [
      path,
      importsOf(path, stripTypes(textOf(path), path).code),
    ])
    expect(findCycle(new Map(imports))).toBeUndefined()
  })

  it.each(paths.filter((path) => /^src\/.*\bindex\.ts$/.test(path)))("%s only re-exports", (path) => {
    const program = parseScript(stripTypes(textOf(path), path).code, "module")
    const others = program.body.filter((node) => !("source" in node && node.source))
    expect(others.map((node) => node.type)).toEqual([])
  })
})
