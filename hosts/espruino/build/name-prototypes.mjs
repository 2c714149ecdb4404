/** Methods put on a class at the level of the module: the way to them is said once. */
import { analyse, freshName } from "./scopes.mjs"
import { applyEdits, visit } from "./syntax.mjs"

/** From this many on a variable is shorter. */
const USES_MIN = 4

/** Gives `code` with a variable for each `Name.prototype` that the module's own statements say often. */
export function namePrototypes(code) {
  const scopes = analyse(code)
  const uses = new Map()
  for (const statement of scopes.tree.body) {
    if (statement.type !== "ExpressionStatement") continue
    visit(statement, (node) => {
      if (node.type === "MemberExpression" && !node.computed && node.property.name === "prototype") {
        const binding = scopes.of.get(node.object)
        if (binding?.kind === "class" && binding.owner === null && binding.writes.length === 0)
          uses.set(binding, [...(uses.get(binding) ?? []), { node, statement }])
      }
      return !/Function/.test(node.type)
    })
  }
  const edits = []
  for (const [binding, found] of uses) {
    if (found.length < USES_MIN) continue
    const name = freshName(`prototypeOf${binding.name}`, scopes.names)
    const { start } = found[0].statement
    edits.push({ start, end: start, text: `var ${name} = ${binding.name}.prototype;\n` })
    for (const { node } of found) edits.push({ start: node.start, end: node.end, text: name })
  }
  return applyEdits(code, edits)
}
