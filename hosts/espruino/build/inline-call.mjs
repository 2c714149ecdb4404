/**
 * Putting a function's statements in the place of one call of it. The rules that keep it the same program are here; which calls are
 * worth it is inline-functions.mjs's. Every binding of the code has a name of its own (withUniqueNames), so nothing can be captured.
 */
import { bindParameters, renameLocals } from "./bind-arguments.mjs"
import { assignedIn, isFirst, isStable } from "./evaluation.mjs"
import { canEnd, returnsIn, withoutReturns } from "./returns.mjs"
import { freshName } from "./scopes.mjs"
import { applyEdits, contains, isFunction, isLoop, visit } from "./syntax.mjs"

const UNDEFINED = "void 0"

/**
 * Gives the edits of `code` that do it, or null where it is not sure that the program stays what it is. `callee`: `{ func, receiver }`,
 * the node of the function, and of what stands for `this` in it (null: it says no `this`).
 */
export function inlineCall(code, scopes, callee, call, isEnding) {
  const site = siteOf(scopes, call)
  if (site === null || !isSimple(callee, call, site)) return null
  const taken = new Set(scopes.names)
  const edits = []
  const resets = renameLocals(scopes, callee.func, taken, edits)
  const parameters = bindParameters(code, scopes, callee, call, edits)
  if (parameters === null) return null
  const text = (node) => applyEdits(code, edits, node.start, node.end)
  const { func } = callee
  const body = func.body.type === "BlockStatement" ? func.body.body : null
  const plan = {
    code,
    scopes,
    call,
    site,
    text,
    taken,
    isEnding,
    edits,
    prefix: [...(site.inLoop ? resets : []), ...parameters],
  }
  if (body === null) return inlineStraight(plan, [], func.body)
  const returns = body.flatMap(returnsIn)
  const last = body.at(-1)
  if (returns.length === 0) return inlineStraight(plan, body, null)
  if (returns.length === 1 && returns[0] === last)
    return inlineStraight(plan, body.slice(0, -1), last.argument)
  return inlineBranches(plan, body)
}

/** The statement that a call is part of: where its statements can go, and whether they may run more than once. */
function siteOf(scopes, call) {
  let owner = call
  let statement = null
  let inLoop = false
  while (owner !== null && !isFunction(owner)) {
    if (statement === null && /(Statement|Declaration)$/.test(owner.type)) statement = owner
    if (isLoop(owner)) inLoop = true
    owner = scopes.parents.get(owner)
  }
  if (owner === null || statement === null) return null
  const parent = scopes.parents.get(statement)
  const inList = /^(BlockStatement|SwitchCase|Program)$/.test(parent.type)
  const isBody =
    /^(If|For|ForIn|ForOf|While|DoWhile)Statement$/.test(parent.type) &&
    statement.type !== "VariableDeclaration"
  return { owner, statement, inList, reachable: inList || isBody, inLoop }
}

function isSimple({ func, receiver }, call, site) {
  if (func.async || func.generator || func === site.owner) return false
  if (call.start >= func.start && call.end <= func.end) return false
  if (func.params.some(({ type }) => type !== "Identifier")) return false
  if (call.arguments.some(({ type }) => type === "SpreadElement")) return false
  let simple = true
  visit(func, (node) => {
    if (node !== func && (isFunction(node) || /^Class/.test(node.type))) {
      // A closure keeps its variables, and in a loop each call has its own.
      if (site.inLoop || node.type === "FunctionDeclaration" || /^Class/.test(node.type)) simple = false
    }
    if (/^(MetaProperty|Super|LabeledStatement)$/.test(node.type)) simple = false
    if (node.type === "Identifier" && node.name === "arguments") simple = false
    if (node.type === "ThisExpression" && receiver === null) simple = false
    return simple
  })
  return simple && !(receiver !== null && usesThisInside(func) && receiver.type !== "ThisExpression")
}

function usesThisInside(func) {
  let found = false
  visit(func, (node) => {
    if (node === func || !isFunction(node)) return true
    visit(node, (inner) => {
      if (inner.type === "ThisExpression") found = true
      return true
    })
    return false
  })
  return found
}

/** A function with one way through it: its statements before the statement of the call, its value in the place of the call. */
function inlineStraight(plan, statements, value) {
  const { call, site, text, prefix } = plan
  const before = prefix.join("") + statements.map((one) => `${text(one)}\n`).join("")
  const whole = site.statement.type === "ExpressionStatement" && site.statement.expression === call
  if (whole && site.reachable) {
    const rest = value === null ? "" : `${text(value)};\n`
    return [
      { start: site.statement.start, end: site.statement.end, text: block(site, before + guarded(rest)) },
    ]
  }
  const place = { start: call.start, end: call.end, text: value === null ? UNDEFINED : `(${text(value)})` }
  if (before === "") return [place]
  return putBefore(plan, before, place)
}

/** An expression that is to be a statement must not begin like a declaration. */
function guarded(text) {
  return /^(\{|function|class)/.test(text) ? `void ${text}` : text
}

function block(site, text) {
  return site.inList ? text : `{\n${text}\n}`
}

/** Puts `before` before the statement of the call, and `place` in the place of the call, where nothing comes between the two. */
function putBefore(plan, before, place) {
  const { code, scopes, call, site } = plan
  const { statement } = site
  const stable = (node) => isStable(scopes, node) && !assignedIn(call.arguments).has(node.name)
  const root = rootOf(statement, call)
  if (!site.reachable || root === null || !isFirst(root.node, call, stable)) return null
  const { index } = root
  let head = ""
  let start = statement.start
  if (index > 0) {
    const done = statement.declarations[index - 1]
    head = `${code.slice(statement.start, done.end)};\n`
    start = statement.declarations[index].start
    before = `${head}${before}`
    const kind = statement.kind === "const" ? "let" : statement.kind
    return [{ start: statement.start, end: start, text: `${before}${kind} ` }, place]
  }
  if (site.inList) return [{ start, end: start, text: before }, place]
  return [
    { start, end: start, text: `{\n${before}` },
    place,
    { start: statement.end, end: statement.end, text: "\n}" },
  ]
}

/** Gives the expression of a statement that is evaluated once and first, with the call in it. */
function rootOf(statement, call) {
  const has = (node) => node !== null && node.start <= call.start && call.end <= node.end
  switch (statement.type) {
    case "ExpressionStatement":
      return { node: statement.expression, index: 0 }
    case "ReturnStatement":
    case "ThrowStatement":
      return { node: statement.argument, index: 0 }
    case "IfStatement":
      return has(statement.test) ? { node: statement.test, index: 0 } : null
    case "SwitchStatement":
      return has(statement.discriminant) ? { node: statement.discriminant, index: 0 } : null
    case "VariableDeclaration": {
      const index = statement.declarations.findIndex(({ init }) => has(init))
      return { node: statement.declarations[index].init, index }
    }
    default:
      return null
  }
}

/** A function with several returns: each gives its value to where the call's goes, and what is behind it becomes an else. */
function inlineBranches(plan, body) {
  const { code, scopes, call, site, text, taken, isEnding, edits, prefix } = plan
  const { statement } = site
  const how = { code, edits, text, isEnding }
  if (!site.reachable) return null
  const start = prefix.join("")
  const all = { start: statement.start, end: statement.end }
  if (statement.type === "ReturnStatement" && statement.argument === call) {
    const end = canEnd(body, isEnding) ? "return;\n" : ""
    return [{ ...all, text: block(site, `${start}${body.map((one) => `${text(one)}\n`).join("")}${end}`) }]
  }
  if (statement.type === "ExpressionStatement" && statement.expression === call) {
    const sink = (node) => (node === null || isStable(scopes, node) ? "" : guarded(`${text(node)};\n`))
    const lines = leave(body, { ...how, sink })
    return lines && [{ ...all, text: block(site, start + lines) }]
  }
  const target = targetOf(scopes, statement, call)
  if (target !== null) {
    const sink = (node) => `${target.text} = ${node === null ? UNDEFINED : text(node)};\n`
    const lines = leave(body, { ...how, sink })
    return lines && [{ ...all, text: block(site, target.declaration + start + lines) }]
  }
  const name = freshName("result$1", taken)
  const sink = (node) => `${name} = ${node === null ? UNDEFINED : text(node)};\n`
  const lines = leave(body, { ...how, sink })
  return (
    lines &&
    putBefore(plan, `var ${name};\n${start}${lines}`, { start: call.start, end: call.end, text: name })
  )

  function targetOf() {
    if (statement.type === "VariableDeclaration" && statement.declarations.length === 1) {
      const { id, init } = statement.declarations[0]
      if (init !== call || id.type !== "Identifier") return null
      const kind = statement.kind === "const" ? "let" : statement.kind
      return { text: id.name, declaration: `${kind} ${id.name};\n` }
    }
    if (statement.type !== "ExpressionStatement") return null
    const { type, operator, left, right } = statement.expression
    if (type !== "AssignmentExpression" || operator !== "=" || right !== call) return null
    const fixed = left.type === "MemberExpression" && !left.computed && isStable(scopes, left.object)
    if (left.type !== "Identifier" && !fixed) return null
    return { text: code.slice(left.start, left.end), declaration: "" }
  }
}

/** Gives the statements with their returns turned to what `sink` makes of them: by else, or else by leaving a loop that runs once. */
function leave(statements, how) {
  const structured = withoutReturns(statements, how)
  if (structured !== null) return structured
  let possible = true
  for (const statement of statements) {
    visit(statement, (node) => {
      // A break in there would leave that one.
      if ((isLoop(node) || node.type === "SwitchStatement") && returnsIn(node).length > 0) possible = false
      return possible && !isFunction(node)
    })
  }
  if (!possible) return null
  const returns = statements.flatMap(returnsIn)
  const edits = how.edits.filter((edit) => !returns.some((node) => contains(node, edit)))
  for (const node of returns)
    edits.push({ start: node.start, end: node.end, text: `{\n${how.sink(node.argument)}break;\n}` })
  const lines = statements.map((one) => `${applyEdits(how.code, edits, one.start, one.end)}\n`)
  const end = canEnd(statements, how.isEnding) ? how.sink(null) : ""
  return `do {\n${lines.join("")}${end}} while (false);\n`
}
