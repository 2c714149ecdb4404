/**
 * Goal: what is flashed to an Espruino board parses there and means there what it means here. Method: the rules of checker.ts are held
 * against the finished files that `npm run build` made, and against snippets, each of which was seen to fail, or to pass, on a real
 * interpreter.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { RULES } from "../../support/subset.ts"
import { ROOT } from "../../tidy/sources.ts"
import { checkBundle, OWN_RULES } from "./checker.ts"

const FOLDER = join(ROOT, "dist/espruino")

const BAD: [string, string][] = [
  ["syntax", "function f( {"],
  ["default parameter", "function f(a=1){return a}"],
  ["rest", "function f(...a){return a}"],
  ["spread", "f(...a)"],
  ["spread", "var b=[...a]"],
  ["spread", "var b={...a}"],
  ["destructuring", "var{a}=b"],
  ["destructuring", "var[a]=b"],
  ["destructuring", "[a,b]=[b,a]"],
  ["destructuring", "function f({a}){return a}"],
  ["for-of", "for(const[k,v] of a)g(k,v)"],
  ["for-in", "for(const k in new C)g(k)"],
  ["generator", "function*f(){yield 1}"],
  ["async", "async function f(){await g()}"],
  ["async", "const f=async()=>1"],
  ["tagged template", "f`a`"],
  ["meta property", "function F(){return new.target}"],
  ["dynamic import", 'import("a")'],
  ["ES module", 'import a from"a"'],
  ["ES module", "export const a=1"],
  ["optional chaining", "a?.b"],
  ["optional chaining", "a?.()"],
  ["label", "a:for(;;)break a"],
  ["with", "with(a)b()"],
  ["private name", "class C{#a=1}"],
  ["static block", "class C{static{g()}}"],
  ["class field", "class C{a;}"],
  ["class field", "class C{a=[]}"],
  ["class field", "class C{static a}"],
  ["closure in a field", "class C{a=()=>this.b}"],
  ["exponent", "a**2"],
  ["exponent", "a**=2"],
  ["logical assignment", "a??=1"],
  ["logical assignment", "a||=1"],
  ["logical assignment", "a&&=1"],
  ["computed key", "var a={[k]:1}"],
  ["computed key", "class C{[k](){}}"],
  ["method name", "class C{delete(){}}"],
  ["method name", "class C{in(){}}"],
  ["method name", "class C{default(){}}"],
  ["method name", "class C{static(){}}"],
  ["method name", 'class C{"a"(){}}'],
  ["identifier", "var of=1"],
  ["identifier", "var static=1"],
  ["BigInt", "var a=1n"],
  ["default not last", "switch(a){default:b();case 1:c()}"],
  ["inheritance", "class C extends Error{}"],
  ["missing global", "new Map"],
  ["missing global", "Symbol.iterator"],
  ["missing global", 'Object.defineProperty(exports,Symbol.toStringTag,{value:"Module"})'],
  ["missing global", 'throw new RangeError("a")'],
  ["missing global", "new TextEncoder"],
  ["missing global", "queueMicrotask(f)"],
  ["missing member", "Array.from(a)"],
  ["missing member", "Array.prototype.slice.call(a)"],
  ["missing member", "a.copyWithin(0,1,2)"],
  ["missing member", "a.at(0)"],
  ["missing member", "a.flatMap(f)"],
  ["missing member", "Uint8Array.of(1)"],
  ["missing member", "ArrayBuffer.isView(a)"],
  ["missing member", "a.buffer.slice(1)"],
  ["missing member", "Object.freeze(a)"],
  ["missing member", "Number.isInteger(a)"],
  ["missing member", "Number.MAX_SAFE_INTEGER"],
  ["missing member", "Math.imul(a,b)"],
  ["missing member", "String.raw(a)"],
  ["missing member", 'new Error("a",{cause:b})'],
  ["length assignment", "a.length=0"],
  ["index", "a[-1]"],
  ["index", "a[.5]"],
  ["loop closure", "for(let i=0;i<3;i++)a.push(()=>i)"],
  ["hoisting", "exports.f=f;function f(){}"],
  ["hoisting", "function f(){return{g:g};function g(){}}"],
  ["use before declaration", "exports.f=f;function f(){}"],
  ["use before declaration", "function f(){g();function g(){}}"],
  ["use before declaration", "if(a){g();function g(){}}"],
  ["use before declaration", "exports.C=C;class C{}"],
  ["use before declaration", "function f(){a=1;var a}"],
  ["use before declaration", "var a=b+1;const b=2"],
  ["bare return", "function f(a){if(a)return}"],
  ["bare return", "class C{m(){for(;;)if(a())return}}"],
  ["function called where it stands", "var a=function(b){return b}(c)"],
  ["function called where it stands", "var a=(()=>b)()"],
  ["long name", `var ${"a".repeat(64)}=1`],
  ["large number", "var a=1e20"],
  ["not 8 bits", 'var a="\u00e9"'],
  ["not 8 bits", 'var a="\\u20ac"'],
  ["not 8 bits", "var a=`\u20ac`"],
  ["array of text", 'new Uint8Array("ab")'],
]

const GOOD = [
  "function f(a,b){return a+b}exports.f=f",
  "function f(){return g()}function g(){return 1}exports.f=f",
  "const a=1,b=a+1;let c=b;exports.c=c",
  "class C{constructor(a){this.a=a}get b(){return this.a}m(){return this.b}static n(){return 1}}exports.C=C",
  "class C{}C.prototype.delete=function(a){return this.d(a)};exports.C=C",
  "exports.a=class{m(){return 1}}",
  "const f=a=>a+1;exports.f=f",
  "function f(a){if(a)return;g()}",
  "function f(a){for(;;){if(a)return;a--}}",
  "function f(a){if(a)return;}",
  "function f(a){try{g()}catch{h()}finally{k()}}",
  "function f(a){switch(a){case 1:return 2;default:return 3}}",
  "function f(a){return`$" + "{a.b}: $" + "{a[0]}`}",
  "function f(a,b){return a??b}",
  "function f(a,b){for(let c=0;c<b;c++)a[c]=0}",
  "var a={b(){return 1},get c(){return 2},delete(){return 3}}",
  'throw new Error("a")',
  'var a="\\xff\\0"',
  'new(require("flashtree-sd").SdFileStream)("a")',
  "module.exports=function(a){function b(){return a.c()}return a.d.prototype.keys=function(){return b()},a}",
  "function f(){g.call(this,a);const b=function(){return 1};return b}",
  "new Uint8Array(a.buffer,0,4).subarray(0,2).fill(0)",
  "a>>>0,b<<8|c,~d",
]

describe("the checker", () => {
  it.each(BAD)("flags %s: %s", (rule, code) => {
    expect(checkBundle(code).map((finding) => finding.rule)).toContain(rule)
  })

  it.each(GOOD)("passes %s", (code) => {
    expect(checkBundle(code)).toEqual([])
  })

  it("has an example of every rule that a bundle can break", () => {
    const sourceOnly = ["host global", "module state", "start-up work"]
    const shown = new Set(BAD.map(([rule]) => rule))
    expect([...RULES, ...OWN_RULES].filter((rule) => !shown.has(rule) && !sourceOnly.includes(rule))).toEqual(
      [],
    )
  })
})

describe("the finished modules", () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(".js"))

  it("are all there", () => {
    expect(files).toEqual(
      expect.arrayContaining(["btree.js", "btree-extras.js", "flash.js", "flash-extras.js", "flashtree.js"]),
    )
  })

  it.each(files)("%s has nothing in it that Espruino does not take", (name) => {
    expect(checkBundle(readFileSync(join(FOLDER, name), "latin1"))).toEqual([])
  })

  it.each(files)("%s names its private properties shortly", (name) => {
    expect(readFileSync(join(FOLDER, name), "latin1").match(/\._[a-zA-Z]\w*/g) ?? []).toEqual([])
  })
})
