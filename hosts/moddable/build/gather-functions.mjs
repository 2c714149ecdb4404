/**
 * The last step of a mod, whose functions live in RAM since nothing of it is preloaded. XS gives a function five slots, and to one that
 * uses names of its module two more and one for each name. So functions and tables become elements of one array. A function that is only
 * ever called is called as a method of that array, so that `this` is what it finds the others in: one byte of code. All else finds the
 * array as a global variable; who uses it often keeps it in a variable of its own, which takes less code.
 */
import { analyse, freshName, replaceName } from "../../espruino/build/scopes.mjs"
import { applyEdits, contains, isFunction, visit } from "../../espruino/build/syntax.mjs"

/** From so many uses on a variable in a function is less code: 18 bytes to make it, 8 less for each use. */
const USES_MIN = 3

/** Gives the code of an ES module anew, with everything that it shares in the global variable `array`. */
export function gatherFunctions(code, array) {
  const scopes = analyse(code)
  const elements = elementsOf(scopes)
  const literals = literalsOf(scopes, code)
  const short = freshName("$", new Set(scopes.names))
  const edits = keptIn(scopes, elements, short, array)
  for (const { uses, text } of [...elements.map(inArray), ...literals]) {
    for (const { use, name } of uses) {
      if (isExport(scopes, use)) continue
      edits.push(replaceName(scopes, use, text(name)))
    }
  }
  const keys = keysFor(scopes, elements.length)
  const texts = elements.map((element, index) => elementText(code, element, keys[index], edits))
  const lines = [...elements.map(inArray), ...literals].flatMap(({ binding, text }) =>
    binding.references.some((use) => isExport(scopes, use)) ? [`const ${binding.name}=${text(array)};`] : [],
  )
  const moved = [...elements, ...literals].map(({ node }) => node)
  const rest = scopes.tree.body.flatMap((statement) => restOf(code, statement, moved, edits))
  // Only a literal makes methods, which unlike functions have no prototype. It stays, as the home of its methods, but need not keep them.
  const made = `(o=>{globalThis.${array}=Object.keys(o).map(k=>{const f=o[k];delete o[k];return f})})({${texts.join(",\n")}});`
  return `${made}\n${rest.join("\n")}\n${lines.join("\n")}\n`

  function inArray(element, index) {
    const uses = element.binding.references.map((use) => ({ use, name: element.names.get(use) }))
    return { ...element, uses, text: (name) => `${name}[${index}]` }
  }
}

/** Gives what moves: functions and tables of the module that are never assigned. */
function elementsOf(scopes) {
  return constantsOf(scopes)
    .filter(({ node }) => /^(FunctionDeclaration|(ArrowFunction|Function|Array)Expression)$/.test(node.type))
    .map((element) => ({ ...element, names: new Map(), isMethod: isMethod(scopes, element) }))
}

/** Tells whether a function can be a method of the table: it has no use for a receiver of its own, and is only ever called. */
function isMethod(scopes, { binding, node }) {
  if (!isFunction(node) || node.async || node.generator || node.expression || usesReceiver(node)) return false
  return binding.references.every((use) => {
    const parent = scopes.parents.get(use)
    return parent.type === "CallExpression" && parent.callee === use && !parent.optional
  })
}

/** Gives what is a number or a text, and stands in its places. */
function literalsOf(scopes, code) {
  return constantsOf(scopes)
    .filter(({ node }) => isLiteral(node))
    .map(({ binding, node }) => {
      const value = code.slice(node.start, node.end)
      const text = () => (node.type === "Literal" ? value : `(${value})`)
      return { binding, node, text, uses: binding.references.map((use) => ({ use, name: "" })) }
    })
}

function constantsOf(scopes) {
  return scopes.bindings.flatMap((binding) => {
    const parent = scopes.parents.get(binding.ids[0])
    const statement = parent.type === "VariableDeclarator" ? scopes.parents.get(parent) : parent
    if (scopes.parents.get(statement)?.type !== "Program") return []
    if (binding.ids.length > 1 || binding.writes.length > 0 || parent.id !== binding.ids[0]) return []
    const node = parent.type === "VariableDeclarator" ? parent.init : parent
    return node ? [{ binding, node }] : []
  })
}

function isLiteral(node) {
  if (node.type === "UnaryExpression") return isLiteral(node.argument)
  if (node.type === "BinaryExpression") return isLiteral(node.left) && isLiteral(node.right)
  return node.type === "Literal" && node.regex === undefined
}

/** Notes by which name each use finds the array, and gives the edits that make the variables. */
function keptIn(scopes, elements, short, array) {
  const users = new Map()
  const methods = new Set(elements.filter((element) => element.isMethod).map(({ node }) => node))
  for (const { binding, names } of elements) {
    for (const use of binding.references) {
      if (methods.has(innermost(scopes, use))) {
        names.set(use, "this")
        continue
      }
      const user = outermost(scopes, use)
      users.set(user, [...(users.get(user) ?? []), { names, use }])
    }
  }
  const edits = []
  for (const [user, uses] of users) {
    const body = user?.body.type === "BlockStatement" ? user.body : null
    // An argument's default value comes before the body.
    const inside = body === null ? [] : uses.filter(({ use }) => contains(body, use))
    const keeps = inside.length >= USES_MIN
    for (const one of uses) one.names.set(one.use, keeps && inside.includes(one) ? short : array)
    if (keeps) edits.push({ start: body.start + 1, end: body.start + 1, text: `const ${short}=${array};` })
  }
  return edits
}

/** Gives the outermost function around a node; null at top level. */
function outermost(scopes, node) {
  let found = null
  for (let at = scopes.parents.get(node); at; at = scopes.parents.get(at)) if (isFunction(at)) found = at
  return found
}

/** Gives the innermost function around a node; null at top level. */
function innermost(scopes, node) {
  let at = scopes.parents.get(node)
  while (at && !isFunction(at)) at = scopes.parents.get(at)
  return at
}

/** Gives so many different names of properties, those that are in the code anyway before new ones. */
function keysFor(scopes, count) {
  const keys = new Set()
  visit(scopes.tree, (node) => {
    const name = node.type === "MemberExpression" && !node.computed ? node.property.name : "constructor"
    if (!/^(constructor|__proto__)$/.test(name) && keys.size < count) keys.add(name)
  })
  for (let index = 0; keys.size < count; index++) keys.add(`$${index}`)
  return [...keys]
}

function elementText(code, { node, isMethod }, key, edits) {
  const text = () => applyEdits(code, edits, node.start, node.end)
  if (!isMethod && node.type !== "FunctionDeclaration") return `${key}:${text()}`
  const params = node.params.map((param) => applyEdits(code, edits, param.start, param.end)).join(",")
  const body = applyEdits(code, edits, node.body.start, node.body.end)
  if (isMethod) return `${key}(${params})${body}`
  return usesReceiver(node) ? `${key}:function(${params})${body}` : `${key}:(${params})=>${body}`
}

function usesReceiver(func) {
  let found = false
  visit(func.body, (node) => {
    if (node.type === "ThisExpression" || (node.type === "Identifier" && node.name === "arguments"))
      found = true
    return !/^Function/.test(node.type)
  })
  return found
}

/** The text of what stays at top level. */
function restOf(code, statement, moved, edits) {
  if (moved.includes(statement)) return []
  if (statement.type !== "VariableDeclaration")
    return [applyEdits(code, edits, statement.start, statement.end)]
  return statement.declarations
    .filter(({ init }) => init === null || !moved.includes(init))
    .map(({ start, end }) => `${statement.kind} ${applyEdits(code, edits, start, end)};`)
}

function isExport(scopes, use) {
  return scopes.parents.get(use).type === "ExportSpecifier"
}
