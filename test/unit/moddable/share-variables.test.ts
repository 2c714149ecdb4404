/**
 * Goal: a mod's functions have fewer variables and give the same. Method: small modules are run before and after, in which a variable
 * is free at one place and needed at another; the declarations that are left are counted.
 */
import { parseAst } from "rollup/parseAst"
import { describe, expect, it } from "vitest"
// @ts-expect-error a build tool without types
import { visit } from "../../../hosts/espruino/build/syntax.mjs"
// @ts-expect-error a build tool without types
import { shareVariables } from "../../../hosts/moddable/build/share-variables.mjs"

interface Declaration {
  type: string
  init?: { type: string } | null
}

const load = (code: string) => import(`data:text/javascript,${encodeURIComponent(code)}`)

function countVariables(code: string): number {
  let count = 0
  visit(parseAst(code), ({ type }: Declaration) => {
    if (type === "VariableDeclarator") count++
  })
  return count
}

/** What it is about, the body of a function of n, and how many declarations are left. */
const CASES: [string, string, number][] = [
  ["one after the other", "const a=n+1;const b=a*2;const c=b+3;return c", 0],
  ["a parameter that is needed later", "const a=n+1;const b=a*2;return b+n", 1],
  ["two that are needed at once", "const a=n+1;const b=n+2;return a*b", 1],
  ["a copy", "const a=n;const b=a+1;return b", 0],
  ["a copy that differs later", "let a=n;const b=n;a+=5;return a*b", 1],
  ["loops", "let s=0;for(let i=0;i<n;i++)s+=i;for(let j=0;j<n;j++)s+=j*j;return s", 2],
  ["a loop with two variables", "let s=0;for(let i=0,k=n;i<k;i++,k--)s+=i*k;return s", 2],
  [
    "a loop within a loop",
    "let s=0;for(let i=0;i<n;i++){for(let j=0;j<i;j++)s+=j;const t=i*3;s-=t}return s",
    3,
  ],
  [
    "what a loop needs again in its next turn",
    "let s=0;let p=n;for(let i=0;i<4;i++){s+=p;const q=i*7;s+=q}return s",
    3,
  ],
  [
    "what a loop goes on with by continue",
    "let s=0;const p=n+1;for(;;){s++;if(s>9)return s;if(s%2){s+=p;continue}const q=s*2;s+=q}",
    2,
  ],
  [
    "a variable that starts anew in each turn",
    "let s=n;for(let i=0;i<3;i++){let u;if(i===1)u=5;s=s*2+(u??0)}return s",
    2,
  ],
  [
    "one without a value in the place of one that had",
    "let s=0;for(let i=0;i<3;i++){const t=n+i;s+=t;let u;if(i===1)u=5;s=s*2+(u??0)}return s",
    3,
  ],
  [
    "branches, of which the text of the second follows",
    "if(n>2){const a=n*2;return a}else{const b=n*3;return b}",
    1,
  ],
  [
    "branches, the parameter needed afterwards",
    "let s;if(n>2){const a=n*2;s=a}else{const b=n*3;s=b}return s+n",
    2,
  ],
  ["an inner block that needs the outer one", "const a=n*2;{const b=n+1;if(b>3)return b}return a", 1],
  ["catch", "const a=n+1;try{if(n)throw a;return 0}catch(e){const b=e*2;return b+a}", 1],
  ["what catch needs", "let a=n;try{const b=a+1;if(b>2)throw b;return b}catch(e){return a+e}", 1],
  ["finally", "const l=[];const a=n;try{const b=a+2;l.push(b)}finally{l.push(a)}return l", 2],
  ["a variable that a function keeps", "const a=n+1;const f=()=>a;const b=n*2;return f()+b", 2],
  [
    "a loop of which functions keep the turns",
    "const l=[];for(let i=0;i<n;i++)l.push(()=>i);return l.map(f=>f())",
    2,
  ],
  ["a switch", "switch(n){case 3:const a=n*2;return a;default:const b=n*5;return b}", 2],
  ["a label", "let s=0;o:for(let i=0;i<5;i++)for(let j=0;j<5;j++){if(j>n)continue o;s+=j}return s", 3],
  ["a shorthand property", "const a=n+1;const b=a*2;const o={b};return o.b", 0],
  ["a value that has the old one in it", "let a=[n];const b=[a,a.length];return b", 0],
  ["an assignment within a value", "let a=n;const b=(a=a+4)*2;return b", 0],
  ["functions within", "const a=n+1;function g(x){const y=x*2;const z=y+1;return z}return g(a)", 0],
  ["patterns, which stay", "const [a,b]=[n,n+1];const {c,...d}={c:a,e:b};return [c,d]", 2],
  ["var, which stays", "var a=n+1;var b=a*2;return b", 2],
  ["do", "let s=0;do{const a=s+n;s=a+1;const b=s*2;s=b}while(s<50);return s", 2],
]

describe("variables that share", () => {
  it.each(CASES)("%s", async (_what, body, left) => {
    const code = `function f(n){${body}}export{f as run}`
    const shared = shareVariables(code) as string
    const [before, after] = [await load(code), await load(shared)]
    for (const n of [0, 1, 2, 3, 7]) expect(after.run(n)).toEqual(before.run(n))
    expect(countVariables(shared), shared).toBe(left)
  })

  it("leaves those of the module", async () => {
    const code = "let a=1;const b=a+1;const c=b*2;export const run=()=>[a,b,c]"
    const shared = shareVariables(code) as string
    expect((await load(shared)).run()).toEqual([1, 2, 4])
    expect(countVariables(shared)).toBe(4)
  })
})
