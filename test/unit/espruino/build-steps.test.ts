/** Goal: the small steps before and after the minifier keep a program what it is. Method: code is run before and after, and looked at. */
import { describe, expect, it } from "vitest"
// @ts-expect-error a build tool without types
import { gatherExports } from "../../../hosts/espruino/build/gather-exports.mjs"
// @ts-expect-error a build tool without types
import { inlineConstants } from "../../../hosts/espruino/build/inline-constants.mjs"
// @ts-expect-error a build tool without types
import { keepThis } from "../../../hosts/espruino/build/keep-this.mjs"
// @ts-expect-error a build tool without types
import { mergeCopies } from "../../../hosts/espruino/build/merge-copies.mjs"
// @ts-expect-error a build tool without types
import { namePrototypes } from "../../../hosts/espruino/build/name-prototypes.mjs"
// @ts-expect-error a build tool without types
import { withUniqueNames } from "../../../hosts/espruino/build/scopes.mjs"

const run = (code: string) => JSON.stringify(new Function(code)())

describe("constants", () => {
  it.each([
    ["numbers", "const A=4;const B=A+4;const C=-B;function f(x){return x-C}return [A,B,C,f(2)]", true],
    ["truth values", "var A=false;function f(x){return A?1:x}return f(3)", true],
    ["a short property", "const A=4;return {A,b:A}", true],
    [
      "a hidden name",
      "const A=4;function f(A){return A}function g(){let A=6;return A}return [A,f(5),g()]",
      true,
    ],
    ["what is assigned", "var A=4;function f(){A=5}f();return A", false],
    ["what is no number", 'const A="x";return A', false],
    ["what is calculated from others", "const A=Math.max(1,2);return A", false],
    ["two at once", "const A=1,B=2;return A+B", false],
  ])("%s", (_what, code, gone) => {
    const after = inlineConstants(code)
    expect(run(after)).toBe(run(code))
    expect(!/^\s*(var|const) A/.test(after)).toBe(gone)
  })

  it("that are texts go where the code grows by little", () => {
    const code = 'const A="a \\"text\\"";function f(){return A}return A+f()'
    for (const textGrowth of [7, 8]) {
      const after = inlineConstants(code, { textGrowth })
      expect(run(after)).toBe(run(code))
      expect(after.includes("const A")).toBe(textGrowth < 8)
    }
  })

  it("that are exported stay", () => {
    expect(inlineConstants("const A=1;export{A}")).toBe("const A=1;export{A}")
    expect(inlineConstants("const A=1;function f(){return A}export{A,f}")).toBe(
      "const A=1;function f(){return 1}export{A,f}",
    )
  })
})

describe("this", () => {
  const many = "this.a=1;this.b=2;this.c=3;this.d=4;this.e=5;"

  it("is kept where it is said often", () => {
    const code = `function F(){${many}}return new F()`
    expect(keepThis(code)).toContain("=this;")
    expect(keepThis(code).match(/this/g)).toHaveLength(1)
    expect(run(keepThis(code))).toBe(run(code))
  })

  it("is left where it is not", () => {
    const code = "function F(){this.a=1;this.b=2}return new F()"
    expect(keepThis(code)).toBe(code)
  })

  it("of an inner function is another one, of an arrow function it is not", () => {
    const code = `function F(){${many}this.f=function(){return this.x};this.g=()=>this.a}
      var o=new F();return [o.f.call({x:9}),o.g.call({a:0})]`
    expect(run(keepThis(code))).toBe(run(code))
  })

  it("gets a name that the function does not use", () => {
    const code = `var _=7;function F(){${many}this.f=_}return new F()`
    expect(run(keepThis(code))).toBe(run(code))
  })
})

describe("copies", () => {
  it.each([
    ["of what has no more use", "function f(a){var b=a*2;var c=b;return c+1}return f(3)", true],
    ["of a parameter", "function f(a){var c=a;return c+1}return f(3)", true],
    [
      "in a loop",
      "function f(n){var r=[];for(var i=0;i<n;i++){var b=i*2;var c=b;r.push(c)}return r}return f(3)",
      true,
    ],
    ["of what is used on", "function f(a){var b=a;var c=b;b++;return [b,c]}return f(3)", false],
    ["that are assigned", "function f(a){var b=a;var c=b;c++;return c}return f(3)", false],
    ["of a variable of the module", "var b=1;function f(){var c=b;return c}return f()", false],
    [
      "that outlive their loop",
      "function f(n){for(var i=0;i<n;i++){var b=i;if(i==2)break;var c=b}return c}return f(5)",
      false,
    ],
    ["that a closure keeps", "function f(a){var b=a;var c=b;return ()=>c}return f(3)()", false],
  ])("%s", (_what, code, gone) => {
    const after = mergeCopies(code)
    expect(run(after)).toBe(run(code))
    expect(!/var c=/.test(after)).toBe(gone)
  })
})

describe("exports", () => {
  const exported = (code: string) => {
    const module = { exports: {} as Record<string, unknown> }
    new Function("module", "exports", code)(module, module.exports)
    return module.exports
  }

  it("of the end are said at once", () => {
    const code = "function f(){return 1}var b=2;exports.f=f;exports.b=b;exports.c=3;"
    const after = gatherExports(code)
    expect(after).not.toContain("exports.f")
    expect(JSON.stringify(exported(after))).toBe(JSON.stringify(exported(code)))
  })

  it("stay the same object where the module names it itself", () => {
    const code = "function f(){return exports.c}exports.f=f;exports.c=3;"
    const after = gatherExports(code)
    expect(after).not.toContain("exports.f")
    expect((exported(after).f as () => number)()).toBe(3)
  })

  it.each(["var a=1;", "exports.a=1;exports.f();"])(
    "are left where they do not end the module: %s",
    (code) => {
      expect(gatherExports(code)).toBe(code)
    },
  )
})

describe("prototypes", () => {
  const methods = (count: number) =>
    `class C{}${Array.from({ length: count }, (_, i) => `C.prototype.m${i}=function(){return ${i}};`).join("")}return new C().m1()`

  it("that are said often get a name", () => {
    const after = namePrototypes(methods(5))
    expect(after.match(/C\.prototype/g)).toHaveLength(1)
    expect(run(after)).toBe("1")
  })

  it("that are not do not", () => expect(namePrototypes(methods(2))).toBe(methods(2)))
})

describe("unique names", () => {
  it.each([
    "var x=1;function f(x){{let x=3;x++}return x}return [x,f(2)]",
    "function f(a){return function(a){return a}}return f(1)(2)",
    "function f(o){var {a,b:[c]}=o;return {a,c}}function g(a){var c=a;return {c}}return [f({a:1,b:[2]}),g(3)]",
    "var r=[];for(let i=0;i<2;i++){r.push(()=>i)}function f(i){return i}return r.map(g=>g()).concat(f(7))",
    "function f(){try{throw 1}catch(e){return e}}function g(e){return e}return [f(),g(2)]",
    "var e=function e(n){return n?e(n-1):5};function g(e){return e}return [e(2),g(3)]",
    "class C{m(a){return a}}function f(a){class C{m(){return a+1}}return new C().m()}return [new C().m(1),f(1)]",
    "function f(a){if(a){var b=1}return b}function g(b){return b}return [f(0)===undefined,f(1),g(2)]",
    "function f(Math){return Math}return [f(1),Math.max(1,2)]",
  ])("mean the same: %s", (code) => {
    expect(run(withUniqueNames(code))).toBe(run(code))
  })
})
