/**
 * Goal: src is written in the language that Moddable XS and Espruino both run, and run alike (docs/DESIGN.md), so that
 * one source serves every host. Method: types are stripped as the build does it and the syntax tree is walked by
 * test/support/subset.ts; calls by name are followed over all files to find recursion. The two checkers are themselves
 * tried on one snippet per banned form and on a list of forms that must pass.
 */
import { describe, expect, it } from "vitest"
import { findRecursion } from "../support/recursion.ts"
import { checkSource, checkSubset, type Kind, RULES, type Rule } from "../support/subset.ts"
import { stripTypes } from "../support/syntax.ts"
import { codeIn, textOf } from "./sources.ts"

/** A host's own platform.ts takes the place of this one where these are missing; what is open is known to a whole VM. */
const EXEMPT: Record<string, Rule[]> = {
  "src/platform.ts": ["missing global", "missing member"],
  "hosts/store.ts": ["module state"],
}

const BANNED: [Rule, string, Kind?][] = [
  ["syntax", "function f( {}"],
  ["default parameter", "function f(a = 1) { return a }"],
  ["default parameter", "const f = (a = 1) => a"],
  ["rest", "function f(...a) { return a }"],
  ["spread", "export function f(a) { g(...a) }"],
  ["spread", "export function f(a) { return [...a] }"],
  ["spread", "export function f(a) { return { ...a } }"],
  ["destructuring", "export function f(o) { const { a } = o; return a }"],
  ["destructuring", "export function f(o) { const [a] = o; return a }"],
  ["destructuring", "export function f({ a }) { return a }"],
  ["destructuring", "export function f(o) { let a; [a] = o; return a }"],
  ["for-of", "export function f(a) { for (const x of a) g(x) }"],
  ["for-in", "export function f(a) { for (const x in a) g(x) }"],
  ["generator", "function* f() { yield 1 }"],
  ["generator", "class C { *m() { yield 1 } }"],
  ["async", "async function f() { await g() }"],
  ["async", "const f = async () => 1"],
  ["async", "async function f(a) { for await (const x of a) g(x) }"],
  ["tagged template", "export function f() { return g`x` }"],
  ["meta property", "function F() { return new.target }"],
  ["meta property", "export function f() { return import.meta.url }"],
  ["dynamic import", 'export function f() { return import("x") }'],
  ["ES module", 'import { a } from "a"', "bundle"],
  ["optional chaining", "export function f(a) { return a?.b }"],
  ["optional chaining", "export function f(a) { a?.() }"],
  ["label", "export function f() { here: while (g()) break here }"],
  ["with", "with (a) { b() }", "bundle"],
  ["private name", "class C { #x = 1 }"],
  ["private name", "class C { has(o) { return #x in o } #x }"],
  ["static block", "class C { static { g() } }"],
  ["exponent", "export function f(a) { return a ** 2 }"],
  ["exponent", "export function f(a) { a **= 2 }"],
  ["logical assignment", "export function f(a) { a ??= 2 }"],
  ["logical assignment", "export function f(a) { a ||= 2; a &&= 2 }"],
  ["BigInt", "export function f() { return 1n }"],
  ["computed key", "export function f(k) { return { [k]: 1 } }"],
  ["computed key", "class C { [k]() {} }"],
  ["computed key", "class C { [k] = 1 }"],
  ["method name", "class C { delete() {} }"],
  ["method name", "class C { in() {} }"],
  ["method name", "class C { static() {} }"],
  ["method name", 'class C { "m"() {} }'],
  ["class field", "class C { x }"],
  ["class field", "class C { x = [] }"],
  ["class field", "class C { x = {} }"],
  ["class field", "class C { x = new Uint8Array(4) }"],
  ["class field", "class C { x = () => this }"],
  ["class field", "class C { static x }"],
  ["class field", "class C { static x = [] }"],
  ["inheritance", "class C extends Error {}"],
  ["inheritance", "class C extends B {}"],
  ["default not last", "export function f(a) { switch (a) { default: return 1; case 2: return 2 } }"],
  ["identifier", "export function f(of) { return of }"],
  ["identifier", "var static = 1", "bundle"],
  ["missing global", "export function f() { return new Map() }"],
  ["missing global", "export function f() { return Symbol.iterator }"],
  ["missing global", 'export function f() { throw RangeError("x") }'],
  ["missing global", "var encoder = new TextEncoder()", "bundle"],
  ["missing global", "export function f(a) { return a instanceof Set }"],
  ["missing member", "export function f(a) { return Array.from(a) }"],
  ["missing member", "export function f(a) { return Uint8Array.of(a) }"],
  ["missing member", "export function f(a) { return Array.prototype.slice.call(a) }"],
  ["missing member", "export function f(a) { return a.at(0) }"],
  ["missing member", "export function f(a) { return a.flatMap(g) }"],
  ["missing member", "export function f(a) { a.b.copyWithin(0, 1) }"],
  ["missing member", "export function f(a) { return a.buffer.slice(0) }"],
  ["missing member", "export function f(a) { return ArrayBuffer.isView(a) }"],
  ["missing member", "export function f(a) { return Object.freeze(a) }"],
  ["missing member", "export function f(a) { return Number.isInteger(a) }"],
  ["missing member", "export function f() { return Number.MAX_SAFE_INTEGER }"],
  ["missing member", "export function f(a) { return Math.imul(a, 3) }"],
  ["missing member", "export function f(a) { return String.raw(a) }"],
  ["missing member", 'export function f(cause) { return new Error("x", { cause: cause }) }'],
  ["host global", "export function f() { return process.env.HOME }"],
  ["host global", 'export function f() { return require("fs") }'],
  ["host global", 'export function f(a) { return Buffer.from(a, "hex") }'],
  ["host global", 'export function f() { console.log("x") }'],
  ["length assignment", "export function f(a) { a.length = 0 }"],
  ["length assignment", "export function f(a) { a.b.length-- }"],
  ["index", "export function f(a) { return a[-1] }"],
  ["index", "export function f(a) { return a[0.5] }"],
  ["loop closure", "export function f(a) { for (let i = 0; i < 3; i++) a.push(() => i) }"],
  ["loop closure", "export function f(a) { for (let i = 0; i < 3; i++) { a.visit(function () { g(i) }) } }"],
  ["module state", "let count = 0"],
  ["module state", "export var count = 0"],
  ["module state", "const page = new Uint8Array(512)"],
  ["module state", "export const buffer = new ArrayBuffer(8)"],
  ["module state", "const open = []"],
  ["module state", "const known = {}"],
  ["module state", "const tables = [[1], new Uint8Array(4)]"],
  ["start-up work", "const table = makeTable()"],
  ["start-up work", "register(1)"],
  ["start-up work", "if (A !== B) throw 1"],
  ["start-up work", "C.prototype.count = 0"],
  ["start-up work", 'Object.defineProperty(C.prototype, "count", { value: 0 })'],
  ["start-up work", 'Object.defineProperty(table, "count", { get: count })'],
  ["start-up work", "export default makeTable()"],
  ["hoisting", "exports.open = open; function open() {}", "bundle"],
  ["hoisting", "function f() { return { g: g }; function g() {} }", "bundle"],
]

const ALLOWED: [string, Kind?][] = [
  ['import { a } from "./a.ts"; export { b } from "./b.ts"; export * from "./c.ts"; export const d = a'],
  ["export const A = 0; export const B = A + 4; const MASK = 1 << 3; const NONE = -1"],
  ["const TABLE = [0, 1, -1, A]; export const NAMES = { one: 1, two: [2] }; const NAME = `x`"],
  ["export const f = (a) => a; const g = function (a) { return a }"],
  ["export default function f() { return 1 }"],
  ["class C { constructor(a) { this.a = a; this.list = []; this.map = {} } m() { return this.a } }"],
  ["class C { get a() { return 1 } set a(b) {} static make() { return new C() } }"],
  ["class C { x = 1; y = -2; static z = 3 }"],
  ['class C {} function count() { return 1 } Object.defineProperty(C.prototype, "count", { get: count })'],
  ["class C {} C.prototype.delete = function (key) { return this.drop(key) }"],
  ["class C { remove() {} } C.prototype.delete = C.prototype.remove"],
  ["export function f() { return { delete() { return 1 }, get b() { return 2 }, default: 3 } }"],
  ["export function f(db, key) { db.delete(key); return db.in + db.static }"],
  ["export function f(a, b) { return a ?? b }"],
  [`export function f(a) { return \`\${a.b}: \${a[1]}\` }`],
  ["export function f(a) { switch (a) { case 1: return 1; case 2: break; default: return 2 } return 3 }"],
  ["export function f(a) { for (let i = 0; i < a.length; i++) { const x = a[i]; g(() => x) } }"],
  ["export function f(a) { for (let i = 0; i < 3; i++) a[i] = g(i); a.sort((i, j) => i - j) }"],
  ["export function f(a) { for (let i = 0; i < 3; i++) a.visit((i) => i) }"],
  ["export function f() { try { g() } catch { h() } finally { k() } }"],
  ["class C { clear() { this.length = 0; this.size--; return this.keys() } }"],
  ["export function f(o) { return Object.keys(o).length + Object.assign({}, o).size }"],
  ["export function f() { let count = 0; var other = []; return () => { count++; other.push(count) } }"],
  ["export function f(v, i) { return v.getUint32(i, true) >>> 0 }"],
  ["export function f(a, n) { return new Uint8Array(a.buffer, a.byteOffset, n).subarray(0, 1).fill(0) }"],
  ['export function f(m) { const e = new Error(m); e.code = "EIO"; e.cause = m; e.name = "x"; return e }'],
  ["export function f(map) { return map.Map + map.Symbol }"],
  ["export function f() { return { Map: 1, process: 2 } }"],
  ["export function f() { return g() } function g() { return 1 }"],
  ["export function f(a) { do { a-- } while (a > 0); return a, void 0, typeof a }"],
  ['"use strict"; var a = new Uint8Array(4); function f() { return a } exports.f = f', "bundle"],
  ["function f() { return g() } function g() { return 1 } exports.f = f", "bundle"],
  ["let a = 1; const b = {}; module.exports = { a: a, b: b }", "bundle"],
]

describe("the checker", () => {
  it.each(BANNED)("flags %s: %s", (rule, code, kind) => {
    expect(checkSubset(code, kind).map((finding) => finding.rule)).toContain(rule)
  })

  it.each(ALLOWED)("passes %s", (code, kind) => {
    expect(checkSubset(code, kind)).toEqual([])
  })

  it("has an example of every rule", () => {
    const shown = new Set(BANNED.map(([rule]) => rule))
    expect(RULES.filter((rule) => !shown.has(rule))).toEqual([])
  })

  it("judges TypeScript after its types are gone, in its own lines", () => {
    const source = [
      'import type { B } from "./b.ts"',
      "export interface C { delete(key: string): boolean }",
      "export class C {",
      "  private list: number[] = []",
      "  count: number",
      "  constructor(count: number) {",
      "    this.count = count",
      "  }",
      "  grow(b: B): void {",
      "    this.list = [...this.list, b.count as number]",
      "  }",
      "}",
    ]
    const findings = checkSource(source.join("\n"), "c.ts")
    expect(findings.map(({ rule, line }) => [rule, line])).toEqual([["spread", 10]])
  })
})

describe("the search for recursion", () => {
  const find = (...codes: string[]) =>
    findRecursion(codes.map((code, index) => ({ path: `src/${"ab"[index]}.ts`, code })))

  it.each([
    ["a function", ["function f(n) { return n ? f(n - 1) : 0 }"]],
    ["an arrow", ["const f = (n) => (n ? f(n - 1) : 0)"]],
    ["a method", ["class C { m(n) { return this.m(n - 1) } }"]],
    ["a method within a callback", ["class C { m(n) { n.forEach((x) => this.m(x)) } }"]],
    ["a method on the prototype", ["class C {} C.prototype.delete = function (n) { this.delete(n - 1) }"]],
    ["a constructor", ["class C { constructor(n) { if (n) this.next = new C(n - 1) } }"]],
    ["a nested function", ["function f(n) { function g(m) { return g(m - 1) } return g(n) }"]],
    ["two functions", ["function f(n) { return g(n) } function g(n) { return f(n) }"]],
    ["two methods", ["class C { m() { this.n() } n() { this.m() } }"]],
    ["two files", ['import { g } from "./b.ts"; export function f() { g() }', 'import { f } from "./a.ts"; export function g() { f() }']], // biome-ignore format: one case a line
    ["a namespace and a new name", ['import * as b from "./b.ts"; export function f() { b.g() }', 'import { f as h } from "./a.ts"; function k() { h() } export { k as g }']], // biome-ignore format: one case a line
  ])("finds %s that comes back to itself", (_what, codes) => {
    expect(find(...codes)).toHaveLength(1)
  })

  it.each([
    ["delegation", ["class C { close() { this.stream.close() } }"]],
    ["a parameter of the same name", ["function compare(a, compare) { return compare(a) }"]],
    ["a local of the same name", ["function next(a) { const next = a.next; return next() }"]],
    [
      "the same method name in two classes",
      ["class C { m() { return new D().m() } } class D { m() { return 1 } }"],
    ],
    [
      "a method named as a function",
      ["function split(a) { return a } class C { split(a) { return split(a) } }"],
    ],
    ["a chain", ["function f() { g() } function g() { h() } function h() {}"]],
    ["two files of the same names", ["export function f() { g() } function g() {}", "export function g() { f() } function f() {}"]], // biome-ignore format: one case a line
  ])("lets %s pass", (_what, codes) => {
    expect(find(...codes)).toEqual([])
  })
})

describe("src, and what Espruino takes of hosts", () => {
  const paths = [...codeIn("src"), "hosts/store.ts"]

  it.each(paths)("%s keeps to the subset", (path) => {
    const findings = checkSource(textOf(path), path).filter(({ rule }) => !EXEMPT[path]?.includes(rule))
    expect(findings.map(({ rule, line, message }) => `${path}:${line}: ${rule}: ${message}`)).toEqual([])
  })

  it("does not recurse", () => {
    const files = paths.map((path) => ({ path, code: stripTypes(textOf(path), path).code }))
    expect(findRecursion(files)).toEqual([])
  })
})
