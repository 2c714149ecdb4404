/**
 * Goal: putting functions where they are called changes the shape of a program and not what it does. Method: small programs, which log
 * every step that could be seen, are run before and after; each says whether the function is to be gone, or has to stay because its
 * place would change what happens.
 */
import { describe, expect, it } from "vitest"
// @ts-expect-error a build tool without types
import { inlineFunctions } from "../../../hosts/espruino/build/inline-functions.mjs"

const own = { isOwn: () => true }

/** Runs a program that gives its result with `return` and may `log`; gives both, or what it threw. */
function run(code: string): string {
  const steps: unknown[] = []
  const log = (value: unknown) => {
    steps.push(value)
    return value
  }
  try {
    return JSON.stringify([new Function("log", code)(log), steps])
  } catch (error) {
    return JSON.stringify([`${error}`, steps])
  }
}

const has = (code: string, name: string) =>
  new RegExp(`function\\*? ${name}\\(|^\\s*${name}\\([\\w, ]*\\) ?\\{`, "m").test(code)

const INLINED: [string, string][] = [
  ["a statement", "function f(a){log(a);log(a+1)} function g(){f(3);return 1} return g()"],
  ["a value", "function f(a){var b=log(a);return b+1} function g(){var x=f(3);return x} return g()"],
  ["an assignment", "function f(a){log(a);return a*2} function g(x){x=f(x);return x} return g(4)"],
  [
    "an assignment to a property",
    "function f(a){if(a>1)return 7;log(1);return 8} function g(o,a){o.p=f(a);return o} return [g({},1),g({},2)]",
  ],
  [
    "a return",
    "function f(a){for(var i=0;i<a;i++)if(i==2)return log(i);log(9)} function g(a){return f(a)} return [g(1),g(5)]",
  ],
  [
    "a return with more behind it",
    "function f(a){if(a)log(a)} function g(a){if(a)return f(a);log('b');return 2} return [g(0),g(1)]",
  ],
  [
    "a condition",
    "function f(a){log(a);return a>1} function g(a){if(f(a))return 'y';else return 'n'} return [g(1),g(2)]",
  ],
  [
    "a condition of an else",
    "function f(a){log(a);return a>1} function g(a){if(a==0)return 'z';else if(f(a))return 'y';return 'n'} return [g(0),g(1),g(2)]",
  ],
  [
    "a body without braces",
    "function f(a){log(a);log(2)} function g(a){if(a)f(a);else log(0);while(a-->0)f(a)} function h(){g(2)} h();return 1",
  ],
  [
    "returns in branches, as an else",
    "function f(a){if(a<0){log('n');return -1}if(a==0)return 0;log('p');return 1} function g(a){var s=f(a);return s*10} return [g(-5),g(0),g(5)]",
  ],
  [
    "a branch that falls through",
    "function f(a){if(a>5){log(a)}else{return 1}log('end');return 2} function g(a){var s=f(a);return s} return [g(9),g(1)]",
  ],
  [
    "returns that take a loop that runs once",
    "function f(a){if(a){if(a>1)return 'b';log('c')}log('d');return 'e'} function g(a){var s=f(a);return s} return [g(0),g(1),g(2)]",
  ],
  [
    "such returns in a loop with continue and break",
    "function f(a){if(a){if(a>1)return 'b';log('c')}return 'e'} function g(){var r=[];for(var i=0;i<9;i++){if(i==1)continue;r.push(i);var s=f(i%3);if(i==5)break;r.push(s)}return r} return g()",
  ],
  [
    "no value at the end",
    "function f(a){if(a)return 5;log(0)} function g(a){var s=f(a);return s===undefined} return [g(0),g(1)]",
  ],
  ["missing arguments", "function f(a,b){log(b);return a} function g(){return f(1)} return g()"],
  ["arguments too many", "function f(a){log(a);log(a)} function g(b){f(1,b,b.c)} g({c:1});return 0"],
  [
    "an argument with an effect",
    "function f(a,b){log('f');return a+b} function g(){return f(log(1),log(2))} return g()",
  ],
  [
    "arguments used in another order",
    "function f(a,b){return b-a} function g(){return f(log(5),log(2))} return g()",
  ],
  ["an argument that is not used", "function f(a){log('f')} function g(){f(log(1))} g();return 0"],
  ["an argument used twice", "function f(a){return a+a} function g(){return f(log(3))} return g()"],
  [
    "an argument that is assigned",
    "function f(a){a++;log(a);return a} function g(x){var y=f(x);return [x,y]} return g(1)",
  ],
  ["an argument changed by the next", "function f(a,b){log(a);log(b)} function g(x){f(x,x=5)} g(1);return 0"],
  [
    "an argument read before an effect",
    "function f(a,o){o.v=9;return a} function g(o){var r=f(o.v,o);return r} return g({v:1})",
  ],
  [
    "a property read at once",
    "function f(a,b){return a.p+b} function g(o){return log(1)+f(o,o.p)} return g({p:3})",
  ],
  [
    "names that are there already",
    "function f(a){var x=a+1;log(x);return x} function g(){var x=1;var y=f(5);return x+y} return g()",
  ],
  [
    "names of the caller's block",
    "function f(a){let x=a+1;log(x);return x} function g(){{let x=1;let y=f(x);return x+y}} return g()",
  ],
  [
    "a name that hides a module's",
    "var x=7;function f(){log(x);return x} function g(){var x=1;return f()+x} return g()",
  ],
  [
    "a variable that starts anew in a loop",
    "function f(i){var x;if(i==1)x='set';log(x===undefined)} function g(){for(var i=0;i<4;i++)f(i)} g();return 0",
  ],
  [
    "a variable of a branch in a loop",
    "function f(i){if(i==1){var x='set'}log(x===undefined)} function g(){for(var i=0;i<4;i++)f(i)} g();return 0",
  ],
  [
    "a call before a call",
    "function f(a){log(a);return a} function h(a,b){return a+b} function g(){return [f(1),h(0,1),h(2,3)]} return g()",
  ],
  ["a call behind names", "function f(a){log(a);return a} function g(x){return [x,1,f(2)]} return g(7)"],
  [
    "a call in a call of a method",
    "function f(a){log(a);return a} function g(o,x){return o.m(x,f(2))} return g({m:function(a,b){return a+b}},7)",
  ],
  [
    "the second of several variables",
    "function f(a){log(a);return a} function g(){var a=log(1),b=f(a+1),c=log(3);return [a,b,c]} return g()",
  ],
  [
    "what always throws",
    "function e(){throw 'x'} function f(a){if(a)return 1;e()} function h(){e()} function g(a){var x=f(a);return x} return [g(1),g(0),h()]",
  ],
  ["a short test", "function f(a){return a>1&&a<5} function g(a){while(f(a))a++;return a} return g(2)"],
  [
    "a property in a test",
    "function f(o,i){return o.a[i]} function g(o){var i=0;while(f(o,i))i++;return i} return g({a:[1,1,0]})",
  ],
  [
    "an object with short properties",
    "function f(a){var b=log(2);return {a,b}} function g(b){var o=f(b);return [o,b]} return g(1)",
  ],
  [
    "a function with try",
    "function f(a){try{if(a)throw a;log('t')}catch(e){log(e)}finally{log('z')}return a} function g(a){var x=f(a);return x} return [g(0),g(1)]",
  ],
  ["an expression", "const f=1;function k(a){return log(a)*2} function g(){return k(1)||k(2)} return g()+f"],
  [
    "an arrow function in it",
    "function f(a){return [1,2].map(x=>x+a)} function g(a){return f(a)} return g(3)",
  ],
  [
    "a switch",
    "function f(a){log(a);return a} function g(a){switch(f(a)){case 1:return 'one';default:return 'more'}} return [g(1),g(2)]",
  ],
]

/** Here the place of the function decides what happens, or it is not sure that it does not. */
const KEPT: [string, string][] = [
  ["recursion", "function f(n){return n?f(n-1)+1:0} return f(3)"],
  [
    "two that call each other",
    "function f(n){return n?h(n-1):0} function h(n){log(n);return n?f(n-1):1} return f(3)",
  ],
  ["a function that is a value", "function f(a){log(a)} function g(h){h(1)} g(f);return 0"],
  [
    "statements in a test that is repeated",
    "function f(a){log(a);return a<3} function g(a){while(f(a))a++;return a} return g(1)",
  ],
  [
    "statements that may not run",
    "function f(a){log(a);log(a);return a} function g(a){return a&&f(a)} return [g(0),g(1)]",
  ],
  [
    "statements of a choice",
    "function f(a){log(a);log(a);return a} function g(a){return a?f(a):2} return [g(0),g(1)]",
  ],
  [
    "statements behind a read",
    "var o={v:1};function f(){log(1);o.v=2;return 3} function g(){return o.v+f()} return g()",
  ],
  [
    "statements behind an effect",
    "function f(){log(1);log(2);return 3} function g(){return log(0)+f()} return g()",
  ],
  [
    "a return in a loop, before more",
    "function f(a){for(var i=0;i<a;i++)if(i==2)return i;log(9);return 8} function g(a){var x=f(a);log(x);return x} return [g(1),g(5)]",
  ],
  [
    "a closure in a loop",
    "function f(i){var x=i;return ()=>x} function g(){var r=[];for(var i=0;i<3;i++)r.push(f(i));return r.map(h=>h())} return g()",
  ],
  ["arguments", "function f(){log(arguments.length);return 1} function g(){return f(1,2)} return g()"],
  [
    "this",
    "function f(){return this===undefined||this===globalThis} function g(){return f()} return g.call({})",
  ],
  ["a generator", "function* f(){yield 1} function g(){return [...f()]} return g()"],
  ["spread", "function f(a,b){return a+b} function g(x){return f(...x)} return g([1,2])"],
  ["a parameter with a default", "function f(a=2){return a} function g(){return f()} return g()"],
  ["a call of the module", "function f(a){log(a);return a} return f(1)"],
]

describe("functions that are called once", () => {
  it.each(INLINED)("are put where they are called: %s", (_what, code) => {
    const after = inlineFunctions(code, own)
    expect(run(after), after).toBe(run(code))
    expect(has(after, "f"), after).toBe(false)
  })

  it.each(KEPT)("stay where that could be seen: %s", (_what, code) => {
    const after = inlineFunctions(code, own)
    expect(run(after), after).toBe(run(code))
    expect(has(after, "f"), after).toBe(true)
  })

  it("stay where they are named", () => {
    const code = "function f(a){log(a)} function g(){f(1)} g();return 0"
    expect(inlineFunctions(code, { keep: ["f"] })).toContain("function f(a)")
  })

  it("stay where they are exported", () => {
    const code = "function f(a){return a} export function g(){return f(1)} export {f}"
    expect(inlineFunctions(code)).toContain("function f(a)")
    expect(inlineFunctions("export function f(a){return a} function g(){return f(1)} export {g}")).toContain(
      "function f(a)",
    )
  })

  it("go one into the other", () => {
    const code =
      "function a(x){log(x);return x+1} function b(x){var y=a(x);log(y);return y*2} function c(x){var z=b(x);return z-1} function d(){return c(4)} return d()"
    const after = inlineFunctions(code)
    expect(after.match(/function/g)).toHaveLength(1)
    expect(run(after)).toBe(run(code))
  })
})

describe("functions that are called more often", () => {
  it("go where the code gets smaller", () => {
    const code =
      "function f(a,b){return a.get(b)} function g(o,i){return f(o,i)+f(o,f(o,i+1))} return g({get:function(i){return log(i)+1}},1)"
    const after = inlineFunctions(code)
    expect(has(after, "f")).toBe(false)
    expect(run(after)).toBe(run(code))
  })

  it("stay where it does not", () => {
    const code = `function f(a){log(a+1);log(a+2);log(a+3);log(a+4);log(a+5)} function g(i){f(i);f(i+1);f(i+2)} g(1);return 0`
    expect(has(inlineFunctions(code), "f")).toBe(true)
  })

  it("go where the code grows by no more than is allowed", () => {
    const code = "function f(a){log(a+1);log(a+2)} function g(i){f(i);f(i+1);f(i+2)} g(1);return 0"
    expect(has(inlineFunctions(code), "f")).toBe(true)
    const after = inlineFunctions(code, { allowance: 60 })
    expect(has(after, "f")).toBe(false)
    expect(run(after)).toBe(run(code))
  })

  it("all stay when one has to", () => {
    const code = "function f(a){log(a);return a} function g(a){f(1);return a&&f(a)} return g(1)"
    expect(inlineFunctions(code, { allowance: 1000 }).match(/f\(/g)).toHaveLength(3)
  })
})

describe("methods", () => {
  const METHOD = "class C{constructor(){this.n=1}_m(a){this.n+=a;log(this.n)}m(a){this._m(a);return this.n}}"

  it("that are private and called once go", () => {
    const code = `${METHOD} return new C().m(4)`
    const after = inlineFunctions(code, own)
    expect(has(after, "_m")).toBe(false)
    expect(run(after)).toBe(run(code))
  })

  it("go with their object in the place of this", () => {
    const code =
      "class C{_m(a){log(this.n+a)}} function g(c){c._m(2);return c.n} var c=new C();c.n=3;return g(c)"
    const after = inlineFunctions(code, own)
    expect(has(after, "_m")).toBe(false)
    expect(run(after)).toBe(run(code))
  })

  it.each([
    ["used elsewhere", `${METHOD} return new C().m(4)`, () => false],
    ["public", METHOD.replaceAll("_m", "p"), () => true],
    ["named twice", `${METHOD} return new C()._m(4)`, () => true],
    ["replaced", `${METHOD} C.prototype._m=function(a){this.n=a}; return new C().m(4)`, () => true],
    ["of two classes", `${METHOD} class D{_m(a){log("d")}} return new C().m(4)`, () => true],
  ])("stay when they are %s", (_what, code, isOwn) => {
    const after = inlineFunctions(code, { isOwn })
    expect(run(after)).toBe(run(code))
    expect(after).toMatch(/[_p]m?\(a\) ?\{/)
  })
})
