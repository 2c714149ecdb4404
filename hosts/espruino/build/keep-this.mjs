/** A function that says `this` often keeps it in a variable: one letter instead of four. For code that is minified already. */
import { applyEdits, isFunction, parseCode, visit } from "./syntax.mjs"

/** From this many on: `let a=this;` has 11 characters, and each use is 3 shorter. */
const USES_MIN = 5

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
    if (uses.length < USES_MIN || name === undefined) return undefined
    for (const { start, end } of uses) edits.push({ start, end, text: name })
    edits.push({ start: func.body.start + 1, end: func.body.start + 1, text: `var ${name}=this;` })
    return undefined
  })
  return applyEdits(code, edits)
}
