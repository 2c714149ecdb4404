/** What a CommonJS module exports, said once: an object is shorter than a statement for each name. */
import { analyse } from "./scopes.mjs"
import { applyEdits } from "./syntax.mjs"

/** Gives `code` with its last statements, `exports.name = value`, as one; where it names its exports elsewhere too, they stay that object. */
export function gatherExports(code) {
  const scopes = analyse(code)
  const { body } = scopes.tree
  let first = body.length
  while (first > 0 && isExport(body[first - 1])) first--
  const last = body.slice(first)
  let mentions = 0
  for (const node of scopes.parents.keys())
    if (node.type === "Identifier" && node.name === "exports") mentions++
  if (last.length === 0) return code
  const entries = last.map(({ expression: { left, right } }) => {
    return `${left.property.name}: ${code.slice(right.start, right.end)}`
  })
  const object = `{ ${entries.join(", ")} }`
  const text = mentions > last.length ? `Object.assign(exports, ${object});` : `module.exports = ${object};`
  return applyEdits(code, [{ start: last[0].start, end: last.at(-1).end, text }])
}

function isExport({ type, expression }) {
  return (
    type === "ExpressionStatement" &&
    expression.type === "AssignmentExpression" &&
    expression.left.type === "MemberExpression" &&
    !expression.left.computed &&
    expression.left.object.name === "exports"
  )
}
