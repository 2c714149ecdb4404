/**
 * Numbers and truth values that have a name become literals: an interpreter finds a name of the module by looking through all of them,
 * and keeps a variable for it.
 */
import { analyse, replaceName } from "./scopes.mjs"
import { applyEdits, contains } from "./syntax.mjs"

/**
 * Gives `code` with every variable of the module that is a number or a truth value, and stays that, in its places; with `textGrowth` one
 * that is a text too, where the code grows by no more characters: there it is in flash, in a variable in memory. What a module exports
 * stays declared.
 */
export function inlineConstants(code, { textGrowth = -1 } = {}) {
  const scopes = analyse(code)
  const values = new Map()
  const removed = []
  const edits = []
  for (const statement of scopes.tree.body) {
    if (statement.type !== "VariableDeclaration" || statement.declarations.length !== 1) continue
    const [{ id, init }] = statement.declarations
    const binding = scopes.of.get(id)
    if (binding === undefined || binding.ids.length > 1 || binding.writes.length > 0) continue
    const text = isText(init) && (binding.references.length - 1) * init.value.length <= textGrowth
    const value = text ? init.value : numberOf(init, values, scopes)
    if (value === undefined) continue
    values.set(binding, value)
    if (binding.references.some(isExport)) continue
    removed.push(statement)
    edits.push({ start: statement.start, end: statement.end, text: "" })
  }
  for (const [binding, value] of values) {
    for (const use of binding.references) {
      if (isExport(use) || removed.some((statement) => contains(statement, use))) continue
      edits.push(replaceName(scopes, use, value < 0 ? `(${value})` : JSON.stringify(value)))
    }
  }
  return applyEdits(code, edits)

  function isExport(use) {
    return scopes.parents.get(use).type === "ExportSpecifier"
  }
}

function isText(node) {
  return node?.type === "Literal" && typeof node.value === "string"
}

function numberOf(node, values, scopes) {
  if (node === null) return undefined
  if (node.type === "Literal" && /^(number|boolean)$/.test(typeof node.value)) return node.value
  if (node.type === "Identifier") return values.get(scopes.of.get(node))
  if (node.type === "UnaryExpression" && node.operator === "-") return calculate("-", 0, node.argument)
  if (node.type !== "BinaryExpression") return undefined
  return calculate(node.operator, numberOf(node.left, values, scopes), node.right)

  function calculate(operator, left, operand) {
    const right = numberOf(operand, values, scopes)
    if (typeof left !== "number" || typeof right !== "number") return undefined
    if (operator === "+") return left + right
    if (operator === "-") return left - right
    if (operator === "*") return left * right
    return operator === "<<" ? left << right : undefined
  }
}
