/**
 * The language subset of src: what Moddable XS and Espruino both run, and run alike.
 * `checkSubset` walks the syntax tree of JavaScript and gives what lies outside: missing syntax, missing globals and
 * members, forms that Espruino runs differently, and module-level state. It also judges a finished Espruino bundle.
 * It sees syntax, not types: `keys()` on an array and on a tree look alike, so the rare false alarm is to be rewritten.
 */
import type { AnyNode, Program } from "acorn"
import { boundNames, isFunction, isVariable, parseScript, stripTypes, walk } from "./syntax.ts"

export interface Finding {
  rule: Rule
  /** From 1. */
  line: number
  /** From 0. */
  column: number
  message: string
}

/** "source": one file of src, an ES module. "bundle": a finished CommonJS file, as an interpreter gets it. */
export type Kind = "source" | "bundle"

/** Node types that never pass, each with its rule. */
const BANNED_NODES = {
  AssignmentPattern: "default parameter",
  RestElement: "rest",
  SpreadElement: "spread",
  ObjectPattern: "destructuring",
  ArrayPattern: "destructuring",
  ForOfStatement: "for-of",
  ForInStatement: "for-in",
  YieldExpression: "generator",
  AwaitExpression: "async",
  TaggedTemplateExpression: "tagged template",
  MetaProperty: "meta property",
  ImportExpression: "dynamic import",
  ChainExpression: "optional chaining",
  LabeledStatement: "label",
  WithStatement: "with",
  PrivateIdentifier: "private name",
  StaticBlock: "static block",
} as const

const OTHER_RULES = [
  "syntax",
  "ES module",
  "exponent",
  "logical assignment",
  "BigInt",
  "computed key",
  "method name",
  "class field",
  "inheritance",
  "default not last",
  "identifier",
  "missing global",
  "missing member",
  "host global",
  "length assignment",
  "index",
  "loop closure",
  "module state",
  "start-up work",
  "hoisting",
] as const

export type Rule = (typeof BANNED_NODES)[keyof typeof BANNED_NODES] | (typeof OTHER_RULES)[number]

/** Every rule by name, so that a test can demand an example of each. */
export const RULES: readonly Rule[] = [...new Set([...Object.values(BANNED_NODES), ...OTHER_RULES])]

const words = (text: string): Set<string> => new Set(text.trim().split(/\s+/))

const RESERVED_METHODS =
  words(`if else do while for break continue function return var let const this throw try catch
  finally true false null undefined new in instanceof switch case default delete typeof void debugger class extends
  super static of`)

const MISSING_GLOBALS =
  words(`Map Set WeakMap WeakSet WeakRef FinalizationRegistry Symbol Proxy Reflect BigInt
  BigInt64Array BigUint64Array RangeError TextEncoder TextDecoder queueMicrotask structuredClone performance
  SharedArrayBuffer Atomics Intl WebAssembly`)

const HOST_GLOBALS =
  words(`process Buffer console setTimeout setInterval setImmediate clearTimeout clearInterval
  clearImmediate fetch require module exports __dirname __filename global globalThis window navigator eval Function`)

const TYPED_ARRAYS = `Uint8Array Int8Array Uint8ClampedArray Uint16Array Int16Array Uint32Array Int32Array
  Float32Array Float64Array`

const MISSING_STATIC = new Map<string, Set<string>>([
  ["Array", words("from of prototype")],
  ["ArrayBuffer", words("isView")],
  ["Object", words("freeze seal is isFrozen isSealed")],
  ["Number", words("isInteger isSafeInteger isFinite parseInt MAX_SAFE_INTEGER MIN_SAFE_INTEGER")],
  ["Math", words("imul clz32 trunc log2 fround hypot")],
  ["String", words("raw")],
  ...[...words(TYPED_ARRAYS)].map((name): [string, Set<string>] => [name, words("from of")]),
])

const MISSING_METHODS = words(
  "flat flatMap at keys reduceRight lastIndexOf copyWithin codePointAt localeCompare",
)

/** Gives what in `code` lies outside the subset, in order of position. Never throws: what does not parse is a finding. */
export function checkSubset(code: string, kind: Kind = "source"): Finding[] {
  const findings: Finding[] = []
  let program: Program
  try {
    program = parseScript(code, kind === "source" ? "module" : "script")
  } catch (error) {
    const { loc, message } = error as Error & { loc?: { line: number; column: number } }
    return [{ rule: "syntax", line: loc?.line ?? 1, column: loc?.column ?? 0, message }]
  }
  const report: Report = (rule, node, message) => {
    findings.push({ rule, line: node.loc?.start.line ?? 1, column: node.loc?.start.column ?? 0, message })
  }
  walk(program, (node, ancestors) => {
    const parent = ancestors.at(-1)
    if (node.type in BANNED_NODES)
      report(BANNED_NODES[node.type as keyof typeof BANNED_NODES], node, node.type)
    checkSyntax(node, kind, report)
    checkClass(node, report)
    checkNames(node, parent, kind, report)
    checkMembers(node, parent, report)
    checkBehaviour(node, report)
    if (kind === "bundle") checkHoisting(node, report)
    return undefined
  })
  if (kind === "source") for (const statement of program.body) checkModuleLevel(statement, report)
  return findings
}

/** `checkSubset` of a TypeScript file: types are stripped first; lines are those of the TypeScript, columns are not. */
export function checkSource(source: string, filename: string): Finding[] {
  const { code, sourceLine } = stripTypes(source, filename)
  return checkSubset(code).map((finding) => ({ ...finding, line: sourceLine(finding.line, finding.column) }))
}

type Report = (rule: Rule, node: AnyNode, message: string) => void

function checkSyntax(node: AnyNode, kind: Kind, report: Report): void {
  if (isFunction(node)) {
    if (node.generator) report("generator", node, "generator function")
    if (node.async) report("async", node, "async function")
  }
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
    case "ExportAllDeclaration":
      if (kind === "bundle") report("ES module", node, node.type)
      break
    case "BinaryExpression":
      if (node.operator === "**") report("exponent", node, "**")
      break
    case "AssignmentExpression":
      if (node.operator === "**=") report("exponent", node, "**=")
      if (["??=", "||=", "&&="].includes(node.operator)) report("logical assignment", node, node.operator)
      break
    case "Literal":
      if (node.bigint !== undefined) report("BigInt", node, `${node.raw}`)
      break
    case "Property":
      if (node.computed) report("computed key", node, "computed key in an object literal")
      break
    case "SwitchStatement": {
      const place = node.cases.findIndex((branch) => branch.test === null)
      if (place >= 0 && place < node.cases.length - 1)
        report("default not last", node, "a case follows default")
      break
    }
  }
}

function checkClass(node: AnyNode, report: Report): void {
  switch (node.type) {
    case "ClassDeclaration":
    case "ClassExpression":
      if (node.superClass)
        report("inheritance", node, "extends: Error cannot be extended, two levels recurse")
      break
    case "MethodDefinition":
      if (node.computed) report("computed key", node, "computed method name")
      else if (node.key.type === "Literal") report("method name", node, `method named by ${node.key.raw}`)
      else if (node.key.type === "Identifier" && RESERVED_METHODS.has(node.key.name))
        report("method name", node, `method ${node.key.name}: attach it to the prototype instead`)
      break
    case "PropertyDefinition":
      if (node.computed) report("computed key", node, "computed field name")
      if (!node.value) report("class field", node, "field without initialiser does not parse")
      else if (!isScalar(node.value)) report("class field", node, "initialiser is evaluated once and shared")
      break
  }
}

/** A value that can be shared between instances, and that needs no `this`: no object, array, call or function. */
function isScalar(value: AnyNode): boolean {
  let scalar = true
  walk(value, (node) => {
    if (/^(Object|Array|Function|ArrowFunction|Class|New|Call|This)Expression$/.test(node.type))
      scalar = false
    return scalar
  })
  return scalar
}

function checkNames(node: AnyNode, parent: AnyNode | undefined, kind: Kind, report: Report): void {
  if (node.type !== "Identifier" || !isVariable(node, parent)) return
  if (node.name === "of" || node.name === "static")
    report("identifier", node, `${node.name} as an identifier`)
  if (MISSING_GLOBALS.has(node.name)) report("missing global", node, node.name)
  if (kind === "source" && HOST_GLOBALS.has(node.name)) report("host global", node, node.name)
}

function checkMembers(node: AnyNode, parent: AnyNode | undefined, report: Report): void {
  if (node.type === "NewExpression" && node.callee.type === "Identifier") {
    if (/Error$/.test(node.callee.name) && node.arguments.length > 1)
      report("missing member", node, "Error.cause")
  }
  if (node.type !== "MemberExpression" || node.computed || node.property.type !== "Identifier") return
  const name = node.property.name
  if (node.object.type === "Identifier" && MISSING_STATIC.get(node.object.name)?.has(name))
    report("missing member", node, `${node.object.name}.${name}`)
  if (parent?.type !== "CallExpression" || parent.callee !== node) return
  const own = node.object.type === "ThisExpression" || isNamed(node.object, "Object")
  if (MISSING_METHODS.has(name) && !own) report("missing member", node, `.${name}()`)
  if (name === "slice" && node.object.type === "MemberExpression" && isNamed(node.object.property, "buffer"))
    report("missing member", node, "ArrayBuffer.slice()")
}

const isNamed = (node: AnyNode, name: string): boolean => node.type === "Identifier" && node.name === name

/** What parses everywhere but does not do the same everywhere (platforms: Espruino 2.3). */
function checkBehaviour(node: AnyNode, report: Report): void {
  if (node.type === "AssignmentExpression") checkLength(node.left, report)
  if (node.type === "UpdateExpression") checkLength(node.argument, report)
  if (node.type === "MemberExpression" && node.computed) {
    const index = node.property
    const negative = index.type === "UnaryExpression" && index.operator === "-"
    const fraction = index.type === "Literal" && typeof index.value === "number" && index.value % 1 !== 0
    if (negative || fraction) report("index", node, "a negative or broken index throws on Espruino")
  }
  if (node.type === "ForStatement" && node.init?.type === "VariableDeclaration") {
    const { declarations } = node.init
    const names = new Set(declarations.flatMap((declaration) => boundNames(declaration.id)))
    for (const part of [node.init, node.test, node.update, node.body])
      if (part) checkCapture(part, names, report)
  }
}

function checkLength(target: AnyNode, report: Report): void {
  if (target.type !== "MemberExpression" || target.computed || target.object.type === "ThisExpression") return
  if (isNamed(target.property, "length"))
    report("length assignment", target, "assigning length throws: use splice")
}

/** A loop variable has one binding for all rounds on Espruino, so a closure over it sees its last value. */
function checkCapture(part: AnyNode, names: Set<string>, report: Report): void {
  walk(part, (node, ancestors) => {
    if (!isVariable(node, ancestors.at(-1)) || node.type !== "Identifier" || !names.has(node.name))
      return undefined
    const closures = ancestors.filter(isFunction)
    const own = closures.some((closure) => closure.params.flatMap(boundNames).includes(node.name))
    if (closures.length > 0 && !own) report("loop closure", node, `${node.name} is captured by a closure`)
    return undefined
  })
}

/**
 * Modules are evaluated at build time and frozen (Moddable preload): the module level holds functions, classes and
 * constants. `Class.prototype.name = function` is how a method gets a reserved name or comes from another file, and
 * `Object.defineProperty(Class.prototype, "name", { get: function })` how a getter does.
 */
function checkModuleLevel(statement: AnyNode, report: Report): void {
  switch (statement.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "FunctionDeclaration":
    case "ClassDeclaration":
    case "EmptyStatement":
      return
    case "ExportNamedDeclaration":
      if (statement.declaration) checkModuleLevel(statement.declaration, report)
      return
    case "ExportDefaultDeclaration":
      if (/Declaration$/.test(statement.declaration.type)) checkModuleLevel(statement.declaration, report)
      else checkConstant(statement.declaration, report)
      return
    case "VariableDeclaration":
      if (statement.kind !== "const") report("module state", statement, `${statement.kind} at module level`)
      for (const { init } of statement.declarations) if (init) checkConstant(init, report)
      return
    case "ExpressionStatement":
      if (isPrototypeMethod(statement.expression) || isPrototypeGetter(statement.expression)) return
  }
  report("start-up work", statement, `${statement.type} at module level`)
}

function isPrototypeMethod(node: AnyNode): boolean {
  if (node.type !== "AssignmentExpression" || node.left.type !== "MemberExpression") return false
  const owner = node.left.object
  const method =
    isFunction(node.right) || node.right.type === "Identifier" || node.right.type === "MemberExpression"
  return method && owner.type === "MemberExpression" && isNamed(owner.property, "prototype")
}

function isPrototypeGetter(node: AnyNode): boolean {
  if (node.type !== "CallExpression" || node.arguments.length !== 3) return false
  const { callee, arguments: given } = node
  const [owner, name, descriptor] = given
  return (
    callee.type === "MemberExpression" &&
    isNamed(callee.object, "Object") &&
    isNamed(callee.property, "defineProperty") &&
    owner.type === "MemberExpression" &&
    isNamed(owner.property, "prototype") &&
    name.type === "Literal" &&
    descriptor.type === "ObjectExpression" &&
    descriptor.properties.length === 1 &&
    descriptor.properties.every((own) => own.type === "Property" && isNamed(own.key, "get"))
  )
}

/** A module-level constant is a number, a string, a function, or a table of such: nothing made or filled at run time. */
function checkConstant(value: AnyNode, report: Report): void {
  walk(value, (node) => {
    if (isFunction(node) || node.type === "ClassExpression") return false
    if (node.type === "NewExpression") report("module state", node, "an object made at module level")
    else if (node.type === "ArrayExpression" && node.elements.length === 0)
      report("module state", node, "an empty array at module level is there to be filled")
    else if (node.type === "ObjectExpression" && node.properties.length === 0)
      report("module state", node, "an empty object at module level is there to be filled")
    else if (/^(Call|Assignment|Update)Expression$/.test(node.type))
      report("start-up work", node, `${node.type} at module level`)
    return undefined
  })
}

/** Espruino does not hoist: a function is there from its own text on. Bodies that run later may look ahead. */
function checkHoisting(node: AnyNode, report: Report): void {
  const body =
    node.type === "Program"
      ? node.body
      : isFunction(node) && node.body.type === "BlockStatement"
        ? node.body.body
        : []
  for (const declaration of body) {
    if (declaration.type !== "FunctionDeclaration") continue
    const { name } = declaration.id
    for (const statement of body) {
      if (statement.start >= declaration.start) break
      walk(statement, (inner, ancestors) => {
        if (isFunction(inner)) return false
        if (isVariable(inner, ancestors.at(-1)) && isNamed(inner, name))
          report("hoisting", inner, `${name} is used above its declaration`)
        return undefined
      })
    }
  }
}
