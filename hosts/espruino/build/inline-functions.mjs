/**
 * Functions that are called in one place go there, and small ones where that makes the code smaller: on Espruino a function costs eight
 * variables and a call 3 to 6 steps of a loop, in a mod of XS five slots. inline-call.mjs has the rules.
 */
import { tokenizer } from "acorn"
import { inlineCall } from "./inline-call.mjs"
import { canEnd, returnsIn } from "./returns.mjs"
import { analyse, withUniqueNames } from "./scopes.mjs"
import { applyEdits, visit } from "./syntax.mjs"

/** Calls of one function, and the size of it, beyond which it is not tried whether the code gets smaller without it. */
const CALLS_MAX = 8
const SIZE_MAX = 160

/**
 * Gives `code` with functions put where they are called. Options: `keep`, names of functions that stay; `allowance`, how many characters the
 * code may grow for each function that goes; `isOwn(name)`, whether a method of that name is used in this code only.
 */
export function inlineFunctions(code, options = {}) {
  const { keep = [], allowance = 0, isOwn = () => false } = options
  const settled = new Set(keep)
  let result = withUniqueNames(code)
  for (let more = true; more; ) {
    more = false
    const scopes = analyse(result)
    const candidate = findFunction(scopes, settled, allowance) ?? findMethod(scopes, settled, isOwn)
    if (candidate === null) break
    more = true
    settled.add(candidate.name)
    const without =
      candidate.calls.length === 1 ? inlineOnce(result, scopes, candidate) : inlineAll(result, candidate.name)
    if (without === null) continue
    if (candidate.calls.length > 1 && weightOf(without) > weightOf(result) + allowance) continue
    result = without
  }
  return result
}

/** Gives a function of the module that is only ever called: one that is called once, else a small one. */
function findFunction(scopes, settled, allowance) {
  let best = null
  for (const binding of scopes.bindings) {
    if (binding.kind !== "function" || settled.has(binding.name)) continue
    const found = callsOf(scopes, binding)
    if (found === null || found.calls.length === 0) continue
    const { length } = found.calls
    const size = found.func.end - found.func.start
    if (length > 1 && (length > CALLS_MAX || (length - 1) * size > SIZE_MAX * 3 + allowance * 4)) continue
    if (best === null || length < best.calls.length) best = found
  }
  return best
}

/** Where the functions of a module are: at the top, or in the one function that is all it exports. */
function moduleLevel(tree) {
  const [only, more] = tree.body
  const assigned = only?.type === "ExpressionStatement" && only.expression.type === "AssignmentExpression"
  const made = assigned && more === undefined ? only.expression.right : null
  return made?.type === "FunctionExpression" ? { node: made.body, owner: made } : { node: tree, owner: null }
}

function callsOf(scopes, binding) {
  const func = scopes.parents.get(binding.ids[0])
  if (binding.ids.length > 1 || func.type !== "FunctionDeclaration") return null
  const { node } = moduleLevel(scopes.tree)
  if (scopes.parents.get(func) !== node) return null
  const calls = binding.references.map((use) => scopes.parents.get(use))
  const only = calls.every(
    (call, index) => call.type === "CallExpression" && call.callee === binding.references[index],
  )
  return only ? { name: binding.name, func, calls, receiver: null, removed: func } : null
}

/** Gives a private method of a class that one place calls, and that nothing else names. */
function findMethod(scopes, settled, isOwn) {
  const methods = new Map()
  const mentions = new Map()
  visit(scopes.tree, (node) => {
    if (node.type === "MethodDefinition" && node.kind === "method" && !node.static && !node.computed)
      methods.set(node.key.name, methods.has(node.key.name) ? null : node)
    else if (
      node.type === "Property" ||
      node.type === "MethodDefinition" ||
      node.type === "PropertyDefinition"
    )
      mentions.set(node.key.name, null)
    if (node.type !== "MemberExpression") return undefined
    const name = node.computed ? node.property.value : node.property.name
    mentions.set(name, mentions.has(name) ? null : node)
    return undefined
  })
  for (const [name, method] of methods) {
    const member = mentions.get(name)
    if (
      method === null ||
      !member ||
      member.computed ||
      !name.startsWith("_") ||
      settled.has(name) ||
      !isOwn(name)
    )
      continue
    const call = scopes.parents.get(member)
    if (call.type !== "CallExpression" || call.callee !== member) continue
    return { name, func: method.value, calls: [call], receiver: member.object, removed: method }
  }
  return null
}

function inlineOnce(code, scopes, { func, calls, receiver, removed }) {
  const edits = inlineCall(code, scopes, { func, receiver }, calls[0], endings(scopes))
  return edits && applyEdits(code, [...edits, { start: removed.start, end: removed.end, text: "" }])
}

/** Gives the code without the function `name`, or null where one of its calls has to stay. */
function inlineAll(code, name) {
  let result = code
  for (;;) {
    const scopes = analyse(result)
    const { owner } = moduleLevel(scopes.tree)
    const binding = scopes.bindings.find((one) => one.name === name && one.owner === owner)
    const found = callsOf(scopes, binding)
    // The innermost first: an argument may be a call of the same function.
    const call = found.calls.find(
      (one) => !found.calls.some((other) => other !== one && other.start > one.start && other.end < one.end),
    )
    if (call === undefined)
      return applyEdits(result, [{ start: found.func.start, end: found.func.end, text: "" }])
    const edits = inlineCall(result, scopes, { func: found.func, receiver: null }, call, endings(scopes))
    if (edits === null) return null
    result = applyEdits(result, edits)
  }
}

/** Gives a function that tells whether an expression is a call of a function that never comes back: it throws in any case. */
function endings(scopes) {
  const ending = new Set()
  const isEnding = (node) => node.type === "CallExpression" && ending.has(scopes.of.get(node.callee))
  for (let more = true; more; ) {
    more = false
    for (const binding of scopes.bindings) {
      const func = binding.kind === "function" ? scopes.parents.get(binding.ids[0]) : null
      if (func === null || ending.has(binding) || binding.writes.length > 0 || func.async || func.generator)
        continue
      if (returnsIn(func.body).length > 0 || canEnd(func.body.body, isEnding)) continue
      ending.add(binding)
      more = true
    }
  }
  return isEnding
}

/** Gives about how long the code is when it is minified. */
function weightOf(code) {
  let weight = 0
  for (const { type, start, end } of tokenizer(code, { ecmaVersion: 2024, sourceType: "module" })) {
    if (type.label === "name") weight += code[start - 1] === "." && code[start] !== "_" ? end - start : 1.3
    else weight += end - start + (type.keyword && !/^(this|true|false|null)$/.test(type.keyword) ? 0.8 : 0)
  }
  return weight
}
