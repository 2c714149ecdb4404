/**
 * Goal: what the build does to a mod changes its shape and not what it does. Method: small modules are gathered and run before and after,
 * with names that inner scopes hide; then the built mod itself keeps a tree on a simulated chip.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseAst } from "rollup/parseAst"
import { describe, expect, it } from "vitest"
// @ts-expect-error a build tool without types
import { freezeTables } from "../../../hosts/moddable/build/freeze-tables.mjs"
// @ts-expect-error a build tool without types
import { gatherFunctions } from "../../../hosts/moddable/build/gather-functions.mjs"
import type * as mod from "../../../hosts/moddable/mod.ts"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"

const load = (code: string) => import(`data:text/javascript,${encodeURIComponent(code)}`)
let fresh = 0

describe("gathering the functions of a module", () => {
  it.each([
    [
      "functions that call each other",
      "function a(n){return n?b(n-1)+1:0}function b(n){return a(n)}export{b as run}",
      [3],
    ],
    ["a name that a parameter hides", "function a(){return 1}function b(a){return a+1}export{b as run}", [5]],
    [
      "a name that a variable of a block hides",
      "function a(){return 1}function b(n){let r=a();{const a=n;r+=a}return r}export{b as run}",
      [5],
    ],
    [
      "a name that a loop hides",
      "function i(){return 9}function b(n){let s=0;for(let i=0;i<n;i++)s+=i;return s+i()}export{b as run}",
      [4],
    ],
    [
      "a name that a switch hides",
      "function a(){return 1}function b(n){switch(n){case 0:return a();default:const c=a();return c+n}}export{b as run}",
      [5],
    ],
    [
      "a name that a pattern hides",
      "function a(){return 1}function b({a:c,...d},[e]=[a()]){return c+e}export{b as run}",
      [{ a: 4 }],
    ],
    [
      "a name that catch hides",
      "function e(){return 9}function b(){try{throw 3}catch(e){return e}}export{b as run}",
      [],
    ],
    [
      "a name that is a property",
      "function a(){return 1}function b(o){return o.a+a()+{a:5}.a}export{b as run}",
      [{ a: 7 }],
    ],
    ["a shorthand property", "const a=()=>4;const b=()=>{const o={a};return o.a()};export{b as run}", []],
    ["constants", "const A=7,B=-1,C=1<<4;const b=n=>n+A+B+C+this_;const this_=0;export{b as run}", [1]],
    ["a string constant in a template", "const S='x';const b=n=>`$" + "{S}$" + "{n}`;export{b as run}", [1]],
    ["tables", "const T=[1,2,3];function b(n){return T[n]}export{b as run}", [1]],
    [
      "classes and methods",
      "function f(n){return n*2}class C{m(n){return f(n)}}C.prototype.k=function(){return this.m(4)};function b(){return new C().k()}export{b as run}",
      [],
    ],
    [
      "a function that uses its receiver",
      "function k(){return this.v}function b(){return k.call({v:3})}export{b as run}",
      [],
    ],
    [
      "a function that is called and passed on",
      "function a(n){return n+1}function b(l){return l.map(a).concat(c(l))}function c(l){return[a(l[0])]}export{b as run}",
      [[1, 2]],
    ],
    [
      "calls from functions within, once and often",
      "function a(n){return n+1}function b(l){return l.map(n=>a(n)).concat(l.map(function(n){return a(a(a(n)))}))}function c(l){return b(l)}export{c as run}",
      [[1, 2]],
    ],
    [
      "calls in the values that arguments have by default",
      "function a(n=4){return n+1}function b(n=a(),m=a(n)){return[n,m]}function c(){return b()}export{c as run}",
      [],
    ],
    [
      "functions that were methods of a class",
      "function a(n){return n?c(n-1)+1:0}function c(n){return new D(n).m()}class D{constructor(n){this.n=n}m(){return a(this.n)}}const b=n=>c(n);export{b as run}",
      [4],
    ],
    [
      "names of properties that are few",
      "function a(){return 1}function b(){return a()+2}export{b as run}",
      [],
    ],
    [
      "names of properties that may not be keys",
      "function a(o){return o.__proto__===o.constructor.prototype}function b(){return a([])}export{b as run}",
      [],
    ],
    [
      "a nested function of the same name",
      "function a(){return 1}function b(){function a(){return 2}return a()}export{b as run}",
      [],
    ],
  ])("keeps %s", async (_what, code, args) => {
    const gathered = gatherFunctions(code, `gathered${fresh++}`) as string
    const [before, after] = [await load(code), await load(gathered)]
    expect(after.run(...args)).toEqual(before.run(...args))
    const program = parseAst(gathered)
    const left = program.body.filter((node) => node.type === "FunctionDeclaration")
    expect(left).toEqual([])
  })
})

describe("freezing tables", () => {
  const freeze = (code: string): string => freezeTables().renderChunk.call({ parse: parseAst }, code).code

  it.each([
    [
      "arrays of literals",
      "const A = [1, 2]; const B = ['x'];",
      "const A = Object.freeze([1, 2]); const B = Object.freeze(['x']);",
    ],
    [
      "numbers that are written as sums",
      "const A = [-1 / 0, 1 << 4];",
      "const A = Object.freeze([-1 / 0, 1 << 4]);",
    ],
    [
      "objects, and what is in them",
      "const A = { a: [1], b: { c: 'd' } };",
      "const A = Object.freeze({ a: Object.freeze([1]), b: Object.freeze({ c: 'd' }) });",
    ],
    [
      "rows of a table",
      "const A = [{ a: 1 }, [2]];",
      "const A = Object.freeze([Object.freeze({ a: 1 }), Object.freeze([2])]);",
    ],
    [
      "objects of functions",
      "const a = { size: 4, get: (b) => [b], b() { return {} } };",
      "const a = Object.freeze({ size: 4, get: (b) => [b], b() { return {} } });",
    ],
    ["what refers to another constant", "const a = { key: b };", "const a = Object.freeze({ key: b });"],
    ["what is exported where it stands", "export const a = [1];", "export const a = Object.freeze([1]);"],
  ])("freezes %s", (_what, code, frozen) => {
    expect(freeze(code)).toBe(frozen)
  })

  it.each([
    "const a = [];",
    "const a = {};",
    "let a = [1];",
    "const a = [b()];",
    "const a = { b: new C };",
    "const a = { [b]: 1 };",
    "const a = { ...b };",
    "const a = { get b() { return 1 } };",
    "const a = [, 1];",
    "const a = new Map([[1, 2]]);",
    "function f() { const a = [1] }",
  ])("leaves %s", (code) => {
    expect(freeze(code)).toBe(code)
  })

  it("leaves no table of the built modules unfrozen, but the one of what is open", () => {
    const folder = fileURLToPath(new URL("../../../dist/moddable/", import.meta.url))
    const unfrozen = readdirSync(folder)
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) => {
        const { body } = parseAst(readFileSync(folder + file, "utf8"))
        return body
          .flatMap((statement) => (statement.type === "VariableDeclaration" ? statement.declarations : []))
          .filter(({ init }) => init?.type === "ArrayExpression" || init?.type === "ObjectExpression")
          .map(({ id }) => `${file}: ${(id as { name: string }).name}`)
      })
    expect(unfrozen).toEqual(["store.js: claims"])
  })
})

describe("the built mod", () => {
  const path = fileURLToPath(new URL("../../../dist/moddable/mod/flashtree.js", import.meta.url))

  it("keeps a tree on a chip, through a power cut", async () => {
    if (!existsSync(path))
      throw new Error("there is no dist/moddable/mod: npm run build comes before this test")
    const { openTree, openVolume, isFlashtreeError } = (await import(path)) as typeof mod
    const key = (i: number) => Uint8Array.of(i >> 8, i)
    const chip = new SimulatedFlash({ size: 32 * 4096 })
    const tree = openTree(openVolume(chip), { cachesize: 2560 })
    for (let i = 0; i < 500; i++) {
      tree.set(key(i * 7), new Uint8Array(20).fill(i))
      if (i % 10 === 9) tree.flush()
    }
    tree.set(key(1), key(2))
    const again = openTree(openVolume(chip.reboot(), { format: "never" }))
    let count = 0
    again.forEach((cursor) => {
      expect(cursor.key()).toEqual(key(count++ * 7))
    })
    expect(count).toBe(500)
    try {
      again.put(key(1), key(1), 7)
      expect.unreachable()
    } catch (error) {
      expect(isFlashtreeError(error)).toBe(true)
      // What only the whole of btree can do.
      expect(String(error)).toContain("not in the mod")
    }
  })

  it("leaves one global variable", async () => {
    await import(path)
    expect(Array.isArray((globalThis as Record<string, unknown>).flashtree$)).toBe(true)
    expect(readFileSync(path, "utf8").match(/globalThis\./g)).toHaveLength(1)
  })
})
