/** A function that says `this` often keeps it in a variable: one letter instead of four. For code that is minified already. */
import { applyEdits, isFunction, parseCode, visit } from "./syntax.mjs"

/** From this many on: `var a=this;` has 11 characters, `a=this,` in a declaration that is there 7, and each use is 3 shorter. */
const USES_MIN = 5
const USES_MIN_DECLARED = 3

const LETTERS = [..."_TNOPQRUVWXYZABCDEFGHIJKLMSabcdefghijklmnopqrstuvwxyz$"]

/** Gives `code` in which functions with many a `this` say it once. */
export function keepThis(code) {
  const edits = []
  visit(parseCode(code), (func) => {
    if (!isFunction(func) || func.type === "ArrowFunctionExpression") return undefined
    const uses = []
    const names = new Set()
    visit(func, (node) => {
      if (node.type === "Identifier") names.add(node.name)
      return undefined
    })
    visit(func, (node) => {
      if (node.type === "ThisExpression") uses.push(node)
      return node === func || !isFunction(node) || node.type === "ArrowFunctionExpression"
    })
    const name = LETTERS.find((letter) => !names.has(letter))
    const [first] = func.body.body
    const declared = first?.type === "VariableDeclaration" && first.kind === "var"
    if (uses.length < (declared ? USES_MIN_DECLARED : USES_MIN) || name === undefined) return undefined
    for (const { start, end } of uses) edits.push({ start, end, text: name })
    if (declared) {
      const start = first.declarations[0].start
      edits.push({ start, end: start, text: `${name}=this,` })
    } else {
      edits.push({ start: func.body.start + 1, end: func.body.start + 1, text: `var ${name}=this;` })
    }
    return undefined
  })
  return applyEdits(code, edits)
}
