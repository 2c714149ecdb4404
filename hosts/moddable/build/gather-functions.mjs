/**
 * The last step of a mod, whose functions live in RAM since nothing of it is preloaded. XS gives a function five slots, and to one that
 * uses names of its module two more and one for each name. So functions and tables become elements of one array, which all find as
 * a global variable, and constants become literals.
 */
import { parse } from "acorn"

/** Gives the code of an ES module anew, with everything that it shares in the global variable `array`. */
export function gatherFunctions(code, array) {
  const tree = parse(code, { ecmaVersion: 2024, sourceType: "module" })
  const literals = new Map()
  const elements = []
  for (const statement of tree.body) {
    for (const { name, node, literal } of bindingsOf(statement, code)) {
      if (literal) literals.set(name, literal)
      else elements.push({ name, node })
    }
  }
  const index = new Map(elements.map(({ name }, at) => [name, at]))
  const moved = new Set(elements.map(({ node }) => node))
  const edits = []
  for (const { node, parent, key } of freeReferences(tree)) {
    const text =
      literals.get(node.name) ?? (index.has(node.name) ? `${array}[${index.get(node.name)}]` : null)
    if (text === null || node.name === undefined) continue
    const shorthand = parent.type === "Property" && parent.shorthand && key === "value"
    edits.push({ start: node.start, end: node.end, text: shorthand ? `${node.name}:${text}` : text })
  }
  const textOf = (start, end) => {
    let result = ""
    let at = start
    for (const edit of edits
      .filter((one) => one.start >= start && one.end <= end)
      .sort((a, b) => a.start - b.start)) {
      result += code.slice(at, edit.start) + edit.text
      at = edit.end
    }
    return result + code.slice(at, end)
  }
  const texts = elements.map(({ node }) => elementText(node, textOf))
  const rest = tree.body.flatMap((statement) => restOf(statement, moved, literals, textOf))
  const lines = exportsOf(tree).flatMap((name) => {
    const text = literals.get(name) ?? (index.has(name) ? `${array}[${index.get(name)}]` : null)
    return text === null ? [] : [`const ${name}=${text};`]
  })
  return `globalThis.${array}=[${texts.join(",\n")}];\n${rest.join("\n")}\n${lines.join("\n")}\n`
}

/** Top-level names that move: functions, and constants of literals, functions and arrays. */
function bindingsOf(statement, code) {
  if (statement.type === "FunctionDeclaration") return [{ name: statement.id.name, node: statement }]
  if (statement.type !== "VariableDeclaration" || statement.kind !== "const") return []
  return statement.declarations.flatMap(({ id, init }) => {
    const name = id.name
    if (isLiteral(init))
      return [
        {
          name,
          literal: `${init.type === "Literal" ? "" : "("}${code.slice(init.start, init.end)}${init.type === "Literal" ? "" : ")"}`,
        },
      ]
    return /^(ArrowFunction|Function|Array)Expression$/.test(init?.type) ? [{ name, node: init }] : []
  })
}

function isLiteral(node) {
  if (node === null) return false
  if (node.type === "UnaryExpression") return isLiteral(node.argument)
  if (node.type === "BinaryExpression") return isLiteral(node.left) && isLiteral(node.right)
  return node.type === "Literal" && node.regex === undefined
}

function elementText(node, textOf) {
  if (node.type !== "FunctionDeclaration") return textOf(node.start, node.end)
  const params = node.params.map((param) => textOf(param.start, param.end)).join(",")
  const body = textOf(node.body.start, node.body.end)
  return usesReceiver(node) ? `function(${params})${body}` : `(${params})=>${body}`
}

function usesReceiver(func) {
  let found = false
  const pending = [func.body]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === null || typeof node !== "object") continue
    if (node.type === "FunctionExpression" || node.type === "FunctionDeclaration") continue
    if (node.type === "ThisExpression" || (node.type === "Identifier" && node.name === "arguments"))
      found = true
    pending.push(...Object.values(node))
  }
  return found
}

/** The text of what stays at top level. */
function restOf(statement, moved, literals, textOf) {
  if (moved.has(statement)) return []
  if (statement.type !== "VariableDeclaration") return [textOf(statement.start, statement.end)]
  const kept = statement.declarations.filter(({ id, init }) => !moved.has(init) && !literals.has(id.name))
  return kept.map(({ start, end }) => `${statement.kind} ${textOf(start, end)};`)
}

function exportsOf(tree) {
  return tree.body.flatMap((statement) =>
    statement.type === "ExportNamedDeclaration" ? statement.specifiers.map(({ local }) => local.name) : [],
  )
}

/** Gives every identifier that means a top-level name, and not one of a scope between. */
function freeReferences(tree) {
  const found = []
  const pending = [{ node: tree, parent: null, key: "", scopes: [] }]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    const { node, parent, key, scopes } = item
    if (node.type === "Identifier") {
      if (isReference(parent, key) && !scopes.some((scope) => scope.has(node.name))) found.push(item)
      continue
    }
    const inner = parent !== null && opensScope(node) ? [...scopes, declaredIn(node)] : scopes
    for (const [name, child] of Object.entries(node)) {
      for (const one of Array.isArray(child) ? child : [child]) {
        if (one === null || typeof one !== "object" || typeof one.type !== "string") continue
        if (node.type === "Property" && node.shorthand && name === "key") continue
        pending.push({ node: one, parent: node, key: name, scopes: inner })
      }
    }
  }
  return found
}

function isReference(parent, key) {
  if (parent.type === "MemberExpression") return key === "object" || parent.computed
  if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(parent.type))
    return key === "value" || parent.computed
  if (
    /^(ExportSpecifier|ImportSpecifier|LabeledStatement|BreakStatement|ContinueStatement)$/.test(parent.type)
  )
    return false
  if (/^(Function|Class)/.test(parent.type) || parent.type === "ArrowFunctionExpression")
    return key === "body" || key === "superClass"
  if (parent.type === "VariableDeclarator") return key === "init"
  return parent.type !== "CatchClause" || key !== "param"
}

function opensScope(node) {
  return /Function|^(BlockStatement|ForStatement|ForInStatement|ForOfStatement|CatchClause|SwitchStatement|ClassExpression)$/.test(
    node.type,
  )
}

/** Names that a scope declares by itself. src has no `var`, which would belong to more than its block. */
function declaredIn(scope) {
  const names = new Set()
  const pending = [
    ...(scope.params ?? []),
    scope.param,
    scope.id,
    scope.init,
    scope.left,
    ...statementsOf(scope),
  ]
  while (pending.length > 0) {
    const node = pending.pop()
    if (node === null || node === undefined) continue
    if (node.type === "Identifier") names.add(node.name)
    else if (node.type === "VariableDeclaration") pending.push(...node.declarations.map(({ id }) => id))
    else if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration") pending.push(node.id)
    else if (node.type === "ArrayPattern") pending.push(...node.elements)
    else if (node.type === "ObjectPattern") pending.push(...node.properties.map(({ value }) => value))
    else if (node.type === "AssignmentPattern") pending.push(node.left)
    if (node.kind === "var") throw new Error("a var: its scope is not followed here")
  }
  return names
}

/** The declarations that stand directly in a scope. */
function statementsOf(scope) {
  if (scope.type === "SwitchStatement")
    return scope.cases.flatMap(({ consequent }) => consequent.filter(isDeclaration))
  return scope.type === "BlockStatement" ? scope.body.filter(isDeclaration) : []
}

function isDeclaration(node) {
  return node.type.endsWith("Declaration")
}
