/** In which order an expression is evaluated: what may be taken out of it, and put into it, without anybody seeing that. */
import { contains, isFunction, visit } from "./syntax.mjs"

/**
 * Tells whether `inner`, an expression within `root`, is evaluated in any case and before everything else in there that could have
 * an effect on it, or see one of it. `isStable(node)` says that of a name, a literal or `this`.
 */
export function isFirst(root, inner, isStable) {
  let node = root
  while (node !== inner) {
    const next = operandsOf(node, inner)
    if (next === null || !next.before.every(isStable)) return false
    node = next.node
  }
  return true
}

/** Gives the operand of `node` that has `inner` in it, and those that are evaluated before; null where it may not be evaluated. */
function operandsOf(node, inner) {
  const from = (list) => {
    const at = list.findIndex((one) => one !== null && contains(one, inner))
    return at < 0 ? null : { node: list[at], before: list.slice(0, at).filter((one) => one !== null) }
  }
  switch (node.type) {
    case "CallExpression":
    case "NewExpression":
      // The method is looked up before the arguments; the names of methods are not assigned while a program runs.
      return node.callee.type === "MemberExpression" && !contains(node.callee, inner)
        ? from([...operandsOfMember(node.callee), ...node.arguments])
        : from([node.callee, ...node.arguments])
    case "MemberExpression":
      return from(operandsOfMember(node))
    case "BinaryExpression":
      return from([node.left, node.right])
    case "LogicalExpression":
      return from([node.left])
    case "ConditionalExpression":
      return from([node.test])
    case "AssignmentExpression":
      if (node.left.type === "Identifier")
        return from(node.operator === "=" ? [node.right] : [node.left, node.right])
      if (node.left.type !== "MemberExpression" || node.operator !== "=") return null
      return from([...operandsOfMember(node.left), node.right])
    case "UnaryExpression":
      return from([node.argument])
    case "SequenceExpression":
      return from(node.expressions)
    case "TemplateLiteral":
      return from(node.expressions.slice(0, 1))
    case "ArrayExpression":
      return from(node.elements)
    case "ObjectExpression":
      return node.properties.some((one) => one.type !== "Property" || one.computed)
        ? null
        : from(node.properties.map(({ value }) => value))
    case "ParenthesizedExpression":
      return from([node.expression])
    default:
      return null
  }
}

function operandsOfMember(node) {
  return node.computed ? [node.object, node.property] : [node.object]
}

/** Tells whether `node` only reads: no call, no assignment, nothing made that is more than a value. */
export function isRead(node) {
  let only = true
  visit(node, (inner) => {
    if (
      isFunction(inner) ||
      /^(Class|This|Identifier|Literal|Member|Binary|Logical|Conditional|Unary)/.test(inner.type)
    ) {
      if (isFunction(inner) || /^Class/.test(inner.type) || inner.operator === "delete") only = false
    } else only = false
    return only
  })
  return only
}

/** Tells whether `use` within `root` is evaluated in any case, and before anything in there has an effect that is seen outside. */
export function isBeforeEffects(root, use, parents) {
  for (let at = use; at !== root; at = parents.get(at)) {
    const parent = parents.get(at)
    if (isFunction(parent) || (parent.type === "ConditionalExpression" && parent.test !== at)) return false
    if (parent.type === "LogicalExpression" && parent.left !== at) return false
  }
  let before = true
  visit(root, (node) => {
    const effect = /^(Call|New|Assignment|Update|Await|Yield|Import)Expression$|^TaggedTemplate/.test(
      node.type,
    )
    if ((effect || node.operator === "delete") && !contains(node, use) && node.start < use.start)
      before = false
    return before
  })
  return before
}

/** Gives the names that are assigned somewhere in `nodes`. */
export function assignedIn(nodes) {
  const names = new Set()
  for (const root of nodes) {
    visit(root, (node) => {
      const target =
        node.type === "AssignmentExpression"
          ? node.left
          : node.type === "UpdateExpression"
            ? node.argument
            : null
      if (target?.type === "Identifier") names.add(target.name)
      return undefined
    })
  }
  return names
}

/** Tells whether a value is the same whenever it is looked at while a function runs that is called here. */
export function isStable(scopes, node) {
  if (node.type === "Literal" && !node.regex) return true
  if (node.type === "ThisExpression") return true
  if (node.type === "UnaryExpression" && /^[-!~]$|^void$/.test(node.operator))
    return node.argument.type === "Literal"
  if (node.type !== "Identifier") return false
  const binding = scopes.of.get(node)
  if (binding === undefined) return node.name === "undefined"
  if (binding.writes.length === 0 && binding.ids.length === 1)
    return binding.owner !== null || binding.kind !== "var"
  return binding.owner !== null && !binding.references.some((use) => isCaptured(scopes, use, binding.owner))
}

/** Tells whether a use of a variable is in a function inside the one it belongs to. */
export function isCaptured(scopes, use, owner) {
  let at = scopes.parents.get(use)
  while (!isFunction(at)) at = scopes.parents.get(at)
  return at !== owner
}
