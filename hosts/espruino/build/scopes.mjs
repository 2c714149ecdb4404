/** Which declaration each name of a bundle stands for. */
import { applyEdits, isFunction, parseCode, visit } from "./syntax.mjs"

/**
 * Gives `{ tree, bindings, of, parents, names }`: every binding as `{ name, kind, owner, ids, references, writes }` (`owner`: the
 * function it lives in, null for the module; `ids`: where it is declared; `references`: all other places; `writes`: those of
 * them that assign), the binding of each Identifier, the parent of each node, and all names there are, unresolved ones included.
 */
export function analyse(code) {
  const tree = parseCode(code)
  const result = { tree, bindings: [], of: new Map(), parents: new Map(), names: new Set() }
  const scopes = new Map()
  visit(tree, (node, parent) => {
    result.parents.set(node, parent)
    if (opensScope(node, parent)) {
      const outer = parent === null ? null : scopeOf(parent, scopes, result.parents)
      const owner = isFunction(node) ? node : (outer?.owner ?? null)
      scopes.set(node, { outer, owner, node, names: new Map() })
    }
  })
  visit(tree, (node, parent) => {
    for (const { id, kind, hoisted } of declaredBy(node)) {
      let scope = scopeOf(id.inside ? node : (parent ?? node), scopes, result.parents)
      while (hoisted && scope.outer !== null && !isFunction(scope.node)) scope = scope.outer
      declare(result, scope, id.node, kind)
    }
  })
  visit(tree, (node, parent, key) => {
    if (node.type !== "Identifier" || !isVariable(parent, key)) return
    result.names.add(node.name)
    if (result.of.has(node)) return
    let scope = scopeOf(node, scopes, result.parents)
    while (scope !== null && !scope.names.has(node.name)) scope = scope.outer
    if (scope === null) return
    const binding = scope.names.get(node.name)
    result.of.set(node, binding)
    binding.references.push(node)
    if (isTarget(node, result.parents)) binding.writes.push(node)
  })
  return result
}

function opensScope(node, parent) {
  if (node.type === "BlockStatement") return parent === null || !isFunction(parent)
  return (
    isFunction(node) ||
    /^(Program|For(In|Of)?Statement|SwitchStatement|CatchClause|Class(Declaration|Expression)|StaticBlock)$/.test(
      node.type,
    )
  )
}

function scopeOf(node, scopes, parents) {
  let at = node
  while (!scopes.has(at)) at = parents.get(at)
  return scopes.get(at)
}

function declare(result, scope, id, kind) {
  let binding = scope.names.get(id.name)
  if (binding === undefined) {
    binding = { name: id.name, kind, owner: scope.owner, ids: [], references: [], writes: [] }
    scope.names.set(id.name, binding)
    result.bindings.push(binding)
  }
  binding.ids.push(id)
  result.of.set(id, binding)
}

/** What `node` declares: in the scope around it, in its own (`inside`), or in the function around it (`hoisted`). */
function declaredBy(node) {
  if (node.type === "VariableDeclaration") {
    return node.declarations.flatMap(({ id }) =>
      namesOf(id).map((name) => ({ id: { node: name }, kind: node.kind, hoisted: node.kind === "var" })),
    )
  }
  if (/^Import\w*Specifier$/.test(node.type)) return [{ id: { node: node.local }, kind: "import" }]
  if (node.type === "CatchClause" && node.param)
    return namesOf(node.param).map((name) => ({ id: { node: name, inside: true }, kind: "catch" }))
  const found = []
  if (/^(Function|Class)Declaration$/.test(node.type) && node.id)
    found.push({ id: { node: node.id }, kind: node.type === "ClassDeclaration" ? "class" : "function" })
  if (/^(Function|Class)Expression$/.test(node.type) && node.id)
    found.push({ id: { node: node.id, inside: true }, kind: "self" })
  if (isFunction(node))
    for (const name of node.params.flatMap(namesOf))
      found.push({ id: { node: name, inside: true }, kind: "param" })
  return found
}

/** Gives the names that a pattern binds. */
function namesOf(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern]
    case "ObjectPattern":
      return pattern.properties.flatMap((property) => namesOf(property.value ?? property.argument))
    case "ArrayPattern":
      return pattern.elements.flatMap(namesOf)
    case "AssignmentPattern":
      return namesOf(pattern.left)
    case "RestElement":
      return namesOf(pattern.argument)
    default:
      return []
  }
}

function isVariable(parent, key) {
  switch (parent.type) {
    case "MemberExpression":
      return key === "object" || parent.computed
    case "Property":
      return key === "value" || parent.computed
    case "MethodDefinition":
    case "PropertyDefinition":
      return key === "value" || parent.computed
    case "ImportSpecifier":
    case "ExportSpecifier":
      return key === "local"
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
      return false
    default:
      return true
  }
}

/** Tells whether an assignment, an update or a loop's head gives `node` a value; of patterns it says so of all their names. */
function isTarget(node, parents) {
  let at = node
  let parent = parents.get(node)
  while (/^(Object|Array|Assignment)Pattern$|^(Property|RestElement)$/.test(parent.type)) {
    at = parent
    parent = parents.get(parent)
    if (parent.type === "ObjectExpression") return false
  }
  if (parent.type === "UpdateExpression") return true
  return /^(AssignmentExpression|For(In|Of)Statement)$/.test(parent.type) && parent.left === at
}

/** Gives the edit that puts `text` in the place of an Identifier, also where it stands for a property and its value at once. */
export function replaceName(scopes, id, text) {
  const parent = scopes.parents.get(id)
  const exported = parent.type === "ExportSpecifier" && parent.exported.start === id.start
  const imported = parent.type === "ImportSpecifier" && parent.imported.start === id.start
  if (exported) return { start: id.start, end: id.end, text: `${text} as ${id.name}` }
  if (imported) return { start: id.start, end: id.end, text: `${id.name} as ${text}` }
  const both = parent.type === "Property" && parent.shorthand
  return { start: id.start, end: id.end, text: both ? `${id.name}: ${text}` : text }
}

/** Gives `code` in which no two bindings have one name, and none that of a global; those of the module keep theirs. */
export function withUniqueNames(code) {
  const scopes = analyse(code)
  const taken = new Set(scopes.bindings.filter(({ owner }) => owner === null).map(({ name }) => name))
  const bound = new Set(scopes.bindings.map(({ name }) => name))
  for (const name of scopes.names) if (!bound.has(name)) taken.add(name)
  const edits = []
  for (const binding of scopes.bindings) {
    if (binding.owner === null && binding.kind !== "self" && isTopLevel(binding, scopes)) continue
    const name = freshName(binding.name, taken)
    taken.add(name)
    if (name === binding.name) continue
    for (const id of new Set([...binding.ids, ...binding.references]))
      edits.push(replaceName(scopes, id, name))
  }
  return edits.length === 0 ? code : applyEdits(code, edits)
}

function isTopLevel(binding, scopes) {
  return binding.ids.some((id) => {
    const parent = scopes.parents.get(id)
    const statement = parent.type === "VariableDeclarator" ? scopes.parents.get(parent) : parent
    const above = scopes.parents.get(statement)
    return (
      statement.kind === "var" ||
      above.type === "Program" ||
      /^(Export|Import)/.test(above.type) ||
      /^Import/.test(parent.type)
    )
  })
}

/** Gives `name`, or one made of it that is not taken. */
export function freshName(name, taken) {
  if (!taken.has(name)) return name
  const stem = name.replace(/\$\d+$/, "")
  let count = 1
  while (taken.has(`${stem}$${count}`)) count++
  return `${stem}$${count}`
}
