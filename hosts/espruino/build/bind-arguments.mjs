/**
 * The names of a function whose statements go somewhere else: the arguments take the places of its parameters, and its own variables get
 * names that nothing there has.
 */
import { assignedIn, isBeforeEffects, isCaptured, isFirst, isRead, isStable } from "./evaluation.mjs"
import { freshName, replaceName } from "./scopes.mjs"
import { contains, isFunction, visit } from "./syntax.mjs"

const UNDEFINED = "void 0"

/**
 * Adds the edits that rename the function's own names, since it may be called elsewhere too. Gives as text what a call in a loop needs
 * besides: a call begins with its variables undefined, the next turn of a loop with what they had.
 */
export function renameLocals(scopes, func, taken, edits) {
  const resets = []
  for (const binding of scopes.bindings) {
    const inside = binding.ids.every((id) => id.start > func.body.start && id.end <= func.body.end)
    if (!inside || binding.kind === "self") continue
    const name = freshName(binding.name, taken)
    taken.add(name)
    for (const id of new Set([...binding.ids, ...binding.references]))
      edits.push(replaceName(scopes, id, name))
    if (binding.kind === "var" && binding.owner === func && !startsWithValue(scopes, binding))
      resets.push(`var ${name} = ${UNDEFINED};\n`)
  }
  return resets
}

/** Tells whether a variable is declared once, with a value, and used only behind that, in the same block or loop. */
function startsWithValue(scopes, { ids, references }) {
  const declarator = scopes.parents.get(ids[0])
  const declaration = scopes.parents.get(declarator)
  const block = scopes.parents.get(declaration)
  if (ids.length > 1 || declarator.init === null) return false
  return references.every((use) => contains(block, use) && use.start > ids[0].start)
}

/**
 * Adds the edits that put the arguments in the places of the parameters, and gives as text the variables for those that have to
 * be evaluated first; null where neither goes.
 */
export function bindParameters(code, scopes, { func, receiver }, call, edits) {
  const taken = new Set(scopes.names)
  for (const { text } of edits) taken.add(text)
  const assigned = assignedIn(call.arguments)
  const values = call.arguments.map((node) => ({
    node,
    stable: isStable(scopes, node) && !assigned.has(node.name),
  }))
  if (receiver !== null && !replaceThis(code, scopes, func, receiver, assigned, edits)) return null
  for (const { node, stable } of values.slice(func.params.length)) if (!stable && !isRead(node)) return null
  const found = func.params.map((parameter, index) => {
    const binding = scopes.of.get(parameter)
    const value = values[index] ?? { node: null, stable: true }
    const uses = binding.references
    const fixed = binding.writes.length === 0 && !uses.some((use) => isCaptured(scopes, use, func))
    return { name: parameter.name, uses, node: value.node, stable: value.stable, fixed }
  })
  const complex = found.filter(({ stable }) => !stable)
  const safe = complex.every((one) => one.fixed && isSafeAt(scopes, func, one, complex.length))
  const lines = []
  for (const { name, uses, node, stable, fixed } of found) {
    const argument = node === null ? UNDEFINED : code.slice(node.start, node.end)
    const short = uses.length < 2 || argument.length < 8 || node.type === "Identifier"
    if (stable ? fixed && short : safe) {
      const text =
        stable && /^(Identifier|Literal|ThisExpression)$/.test(node?.type) ? argument : `(${argument})`
      for (const use of uses) edits.push(replaceName(scopes, use, text))
    } else {
      const fresh = freshName(name, taken)
      taken.add(fresh)
      for (const use of uses) edits.push(replaceName(scopes, use, fresh))
      lines.push(`var ${fresh} = ${argument};\n`)
    }
  }
  return lines
}

/** Tells whether an argument may be evaluated at the one place where the parameter is used, in a function that is one expression. */
function isSafeAt(scopes, func, { uses, node }, complex) {
  const root = expressionOf(func)
  if (root === null || uses.length !== 1) return false
  const stable = (other) => isStable(scopes, other)
  if (complex === 1 && isFirst(root, uses[0], stable)) return true
  return isRead(node) && isBeforeEffects(root, uses[0], scopes.parents)
}

function expressionOf(func) {
  if (func.body.type !== "BlockStatement") return func.body
  const [only, more] = func.body.body
  if (only === undefined || more !== undefined) return null
  if (only.type === "ReturnStatement") return only.argument
  return only.type === "ExpressionStatement" ? only.expression : null
}

function replaceThis(code, scopes, func, receiver, assigned, edits) {
  if (receiver.type === "ThisExpression") return true
  if (!isStable(scopes, receiver) || assigned.has(receiver.name)) return false
  visit(func.body, (node) => {
    if (node.type === "ThisExpression")
      edits.push({ start: node.start, end: node.end, text: code.slice(receiver.start, receiver.end) })
    return !isFunction(node)
  })
  return true
}
