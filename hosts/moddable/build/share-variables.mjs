/**
 * Variables of a function that are never needed at the same time become one: each that XS makes is eight bytes of byte code and archive,
 * and a slot of the stack. A variable made by a loop's head takes six more, since XS makes it anew in every turn.
 */
import { analyse, replaceName, withUniqueNames } from "../../espruino/build/scopes.mjs"
import { applyEdits, contains, isFunction, isLoop, visit } from "../../espruino/build/syntax.mjs"

/** Gives the code of an ES module anew, with as few variables as can be told from the order of its text. */
export function shareVariables(code) {
  return merge(splitDeclarations(leaveHeads(withUniqueNames(code))))
}

/** Puts the variables that a loop's head makes before the loop, unless a function keeps one of a turn. */
function leaveHeads(code) {
  for (;;) {
    const scopes = analyse(code)
    let loop = null
    visit(scopes.tree, (node) => {
      if (loop === null && canLeaveHead(node, scopes)) loop = node
    })
    if (loop === null) return code
    const { start, init } = loop
    const declaration = `${code.slice(init.start, init.end)};`
    const rest = `${code.slice(start, init.start)}${code.slice(init.end, loop.end)}`
    const text = isList(scopes.parents.get(loop)) ? `${declaration}${rest}` : `{${declaration}${rest}}`
    code = code.slice(0, start) + text + code.slice(loop.end)
  }
}

function canLeaveHead(node, scopes) {
  if (node.type !== "ForStatement" || node.init?.type !== "VariableDeclaration" || node.init.kind === "var")
    return false
  if (scopes.parents.get(node).type === "LabeledStatement") return false
  return node.init.declarations.every(
    ({ id }) => id.type === "Identifier" && !isKept(scopes, scopes.of.get(id)),
  )
}

function isList(node) {
  return node.type === "BlockStatement" || node.type === "Program"
}

/** Tells whether a function within the variable's own one uses it. */
function isKept(scopes, binding) {
  return binding.references.some((use) => functionAround(scopes, use) !== binding.owner)
}

function functionAround(scopes, node) {
  let at = scopes.parents.get(node)
  while (at !== null && !isFunction(at)) at = scopes.parents.get(at)
  return at
}

/** Gives each variable a declaration of its own. */
function splitDeclarations(code) {
  const scopes = analyse(code)
  const edits = []
  visit(scopes.tree, (node, parent) => {
    if (node.type !== "VariableDeclaration" || !isList(parent)) return
    const { declarations, kind } = node
    for (let i = 1; i < declarations.length; i++)
      edits.push({ start: declarations[i - 1].end, end: declarations[i].start, text: `;${kind} ` })
  })
  return applyEdits(code, edits)
}

function merge(code) {
  const scopes = analyse(code)
  const places = new Map()
  const sorted = [...scopes.bindings].sort((a, b) => a.ids[0].start - b.ids[0].start)
  for (const binding of sorted) {
    const part = partOf(scopes, binding)
    if (part === null) continue
    const known = places.get(binding.owner) ?? []
    places.set(binding.owner, known)
    const free = part.statement === null ? [] : known.filter(({ parts }) => canFollow(scopes, parts, part))
    const place = free.find(({ home }) => contains(home, part.scope)) ?? free[0]
    if (place === undefined) known.push({ name: part.name, home: part.scope, parts: [part] })
    else add(scopes, place, part)
  }
  return applyEdits(
    code,
    [...places.values()].flat().flatMap((place) => (place.parts.length > 1 ? editsOf(scopes, place) : [])),
  )
}

/**
 * Gives a variable of a function, `{ name, id, scope, statement, uses }`, or null for one that has to stay as it is. `statement`: what
 * declares it, null for a parameter; `scope`: the list of statements in which it is.
 */
function partOf(scopes, binding) {
  const { owner, ids, kind, name, references } = binding
  if (owner === null || ids.length > 1 || isKept(scopes, binding)) return null
  const [id] = ids
  const parent = scopes.parents.get(id)
  if (kind === "param")
    return isFunction(parent) ? { name, id, scope: owner, statement: null, uses: references } : null
  if (!/^(let|const)$/.test(kind) || parent.type !== "VariableDeclarator" || parent.id !== id) return null
  const statement = scopes.parents.get(parent)
  const scope = scopes.parents.get(statement)
  // A switch may go past the declaration.
  return isList(scope) ? { name, id, scope, statement, uses: references } : null
}

/** Whether all of `parts` are done with where `part` begins: no use follows, and none comes in another turn of a loop before a new value. */
function canFollow(scopes, parts, { statement }) {
  if (parts.some(({ uses }) => uses.some((use) => use.start > statement.end))) return false
  for (let at = scopes.parents.get(statement); !isFunction(at); at = scopes.parents.get(at)) {
    const loop = at
    if (!isLoop(loop)) continue
    if (parts.some(({ id, uses }) => !contains(loop, id) && uses.some((use) => contains(loop, use))))
      return false
  }
  return true
}

/** Adds a part, for which the variable is made further out where needed. */
function add(scopes, place, part) {
  while (!contains(place.home, part.scope) || !(isList(place.home) || isFunction(place.home)))
    place.home = scopes.parents.get(place.home)
  place.parts.push(part)
}

function editsOf(scopes, { name, home, parts }) {
  const [first, ...others] = parts
  const isMadeHere = home === first.scope
  const given = isMadeHere ? others : parts
  const copies = given.filter(({ statement }) => parts.some(({ id }) => isCopy(scopes, statement, id)))
  const edits = parts
    .flatMap(({ uses }) => uses)
    .filter((use) => !copies.some(({ statement }) => contains(statement, use)))
    .map((use) => replaceName(scopes, use, name))
  if (isMadeHere && first.statement?.kind === "const")
    edits.push({ start: first.statement.start, end: first.statement.start + "const".length, text: "let" })
  if (!isMadeHere) {
    const { body } = isFunction(home) ? home.body : home
    const { start } = body.find((statement) => contains(statement, first.id))
    edits.push({ start, end: start, text: `let ${name};` })
  }
  for (const part of given) {
    const { start, end, declarations } = part.statement
    const text = declarations[0].init === null ? `${name}=void 0` : name
    edits.push(copies.includes(part) ? { start, end, text: ";" } : { start, end: part.id.end, text })
  }
  return edits
}

/** Whether a variable begins as a copy of the one that `id` declares. */
function isCopy(scopes, statement, id) {
  const { init } = statement.declarations[0]
  return init?.type === "Identifier" && scopes.of.get(init)?.ids[0] === id
}
