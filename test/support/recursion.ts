/**
 * No recursion in src: a device has a stack of twenty frames, and running out of it ends the program.
 * `findRecursion` builds the graph of calls by name over all files and gives its cycles. It follows calls of functions
 * (also imported ones), `this.method()` and `new Class()`; calls through other objects and callbacks it cannot see.
 */
import { dirname, join } from "node:path/posix"
import type { AnyNode } from "acorn"
import { boundNames, isFunction, parseScript, walk } from "./syntax.ts"

export interface SourceFile {
  /** Posix path that import specifiers are resolved against. */
  path: string
  /** JavaScript, types stripped. */
  code: string
}

/** Gives each cycle as the names along it, `path: name`, the first not repeated at the end. */
export function findRecursion(files: SourceFile[]): string[][] {
  const modules = new Map(files.map((file) => [file.path, readModule(file)]))
  const edges = new Map<string, string[]>()
  for (const [path, module] of modules) {
    for (const { from, to } of module.calls) {
      const callee = typeof to === "string" ? `${path}: ${to}` : follow(modules, to.path, to.name)
      edges.set(`${path}: ${from}`, [...(edges.get(`${path}: ${from}`) ?? []), callee])
    }
  }
  return cycles(edges)
}

/** A call from a function to another of the same file, or to what another file exports under `name`. */
interface Call {
  from: string
  to: string | Exported
}

interface Exported {
  path: string
  name: string
}

interface Module {
  calls: Call[]
  /** Exported name -> local name, or where it is re-exported from. */
  exports: Map<string, string | Exported>
  /** Files of `export * from`. */
  stars: string[]
}

/** Gives the function that `name` of file `path` is, through re-exports. */
function follow(modules: Map<string, Module>, path: string, name: string): string {
  const module = modules.get(path)
  const target = module?.exports.get(name)
  if (typeof target === "string") return `${path}: ${target}`
  if (target) return follow(modules, target.path, target.name)
  for (const star of module?.stars ?? []) {
    if (modules.get(star)?.exports.has(name)) return follow(modules, star, name)
  }
  return `${path}: ${name}`
}

/** What a name means in one function: a function of this file, something imported, or a plain variable. */
type Meaning = { fn: string } | { imported: Exported } | { namespace: string } | "variable"

interface Scope {
  node: AnyNode
  names: Map<string, Meaning>
  /** The named function that calls made here count for. */
  caller: string
  /** The class that `this` belongs to. */
  owner: string | undefined
}

function readModule(file: SourceFile): Module {
  const module: Module = { calls: [], exports: new Map(), stars: [] }
  const program = parseScript(file.code, "module")
  const resolve = (source: { value?: unknown }): string => join(dirname(file.path), `${source.value}`)
  const top: Scope = { node: program, names: new Map(), caller: "(module)", owner: undefined }
  const scopes = [top]

  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") {
      const path = resolve(statement.source)
      for (const specifier of statement.specifiers) {
        const name = specifier.type === "ImportSpecifier" ? nameOf(specifier.imported) : "default"
        const namespace = specifier.type === "ImportNamespaceSpecifier"
        top.names.set(specifier.local.name, namespace ? { namespace: path } : { imported: { path, name } })
      }
    } else if (statement.type === "ExportAllDeclaration") {
      module.stars.push(resolve(statement.source))
    } else if (statement.type === "ExportNamedDeclaration") {
      for (const { local, exported } of statement.specifiers) {
        const name = nameOf(local)
        module.exports.set(
          nameOf(exported),
          statement.source ? { path: resolve(statement.source), name } : name,
        )
      }
      if (statement.declaration)
        for (const [name, local] of declared(statement.declaration)) module.exports.set(name, local)
    } else if (statement.type === "ExportDefaultDeclaration" && "id" in statement.declaration) {
      module.exports.set("default", statement.declaration.id?.name ?? "default")
    }
  }

  walk(program, (node, ancestors) => {
    while (scopes.length > 1 && !ancestors.includes(scopes.at(-1)?.node as AnyNode)) scopes.pop()
    const scope = scopes.at(-1) as Scope
    if (node === program) declareAll(program, scope, "")
    else if (isFunction(node)) {
      const inner: Scope = { node, names: new Map(), ...placeOf(node, ancestors, scope) }
      for (const parameter of node.params)
        for (const name of boundNames(parameter)) inner.names.set(name, "variable")
      declareAll(node.body, inner, `${inner.caller}.`)
      scopes.push(inner)
    } else if (node.type === "CallExpression" || node.type === "NewExpression") {
      const to = calleeOf(node, scopes)
      if (to) module.calls.push({ from: scope.caller, to })
    }
    return undefined
  })
  return module
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name
  return node.type === "Literal" ? `${node.value}` : ""
}

/** Gives the name and the callee of everything that an exported statement declares. */
function declared(statement: AnyNode): [string, string][] {
  const scope: Scope = { node: statement, names: new Map(), caller: "", owner: undefined }
  declareAll(statement, scope, "")
  return [...scope.names].map(([name, meaning]) => [
    name,
    typeof meaning === "object" && "fn" in meaning ? meaning.fn : name,
  ])
}

/** Notes every name declared in `root`, blocks included, nested functions not. */
function declareAll(root: AnyNode, scope: Scope, prefix: string): void {
  walk(root, (node) => {
    if (node.type === "FunctionDeclaration" && node.id) {
      scope.names.set(node.id.name, { fn: prefix + node.id.name })
    } else if (node.type === "ClassDeclaration" && node.id) {
      scope.names.set(node.id.name, { fn: `${node.id.name}.constructor` })
    } else if (node.type === "VariableDeclarator") {
      for (const name of boundNames(node.id)) {
        const named = node.init && isFunction(node.init)
        scope.names.set(name, named ? { fn: prefix + name } : "variable")
      }
    }
    return !isFunction(node) && !/^Class/.test(node.type)
  })
}

/** Gives the name that calls within a function count for (its own, or for a nameless one the surrounding one's). */
function placeOf(
  node: AnyNode,
  ancestors: AnyNode[],
  scope: Scope,
): { caller: string; owner: string | undefined } {
  const parent = ancestors.at(-1)
  const arrow = node.type === "ArrowFunctionExpression"
  const inherited = { caller: scope.caller, owner: arrow ? scope.owner : undefined }
  const prefix = scope.caller === "(module)" ? "" : `${scope.caller}.`
  if (node.type === "FunctionDeclaration" && node.id)
    return { caller: prefix + node.id.name, owner: undefined }
  if (parent?.type === "VariableDeclarator") return { ...inherited, caller: prefix + nameOf(parent.id) }
  if (parent?.type === "MethodDefinition") {
    const owner = className(ancestors)
    return { caller: `${owner}.${nameOf(parent.key)}`, owner }
  }
  const target = parent?.type === "AssignmentExpression" ? parent.left : undefined
  if (target?.type === "MemberExpression" && target.object.type === "MemberExpression") {
    if (nameOf(target.object.property) === "prototype") {
      const owner = nameOf(target.object.object)
      return { caller: `${owner}.${nameOf(target.property)}`, owner }
    }
  }
  return inherited
}

function className(ancestors: AnyNode[]): string {
  const owner = [...ancestors]
    .reverse()
    .find((node) => node.type === "ClassDeclaration" || node.type === "ClassExpression")
  return owner && "id" in owner && owner.id ? nameOf(owner.id) : "(class)"
}

function calleeOf(call: AnyNode & { callee: AnyNode }, scopes: Scope[]): string | Exported | undefined {
  const { callee } = call
  const lookUp = (name: string) =>
    [...scopes]
      .reverse()
      .find((scope) => scope.names.has(name))
      ?.names.get(name)
  if (callee.type === "Identifier") {
    const meaning = lookUp(callee.name)
    if (meaning === undefined || meaning === "variable") return undefined
    if ("fn" in meaning) return meaning.fn
    if ("imported" in meaning) return meaning.imported
  }
  if (callee.type !== "MemberExpression" || callee.computed) return undefined
  const method = nameOf(callee.property)
  const owner = scopes.at(-1)?.owner
  if (callee.object.type === "ThisExpression") return owner ? `${owner}.${method}` : undefined
  const meaning = callee.object.type === "Identifier" ? lookUp(callee.object.name) : undefined
  if (typeof meaning === "object" && "namespace" in meaning) return { path: meaning.namespace, name: method }
  return undefined
}

/** Gives the strongly connected parts of the graph that have a cycle (Tarjan). */
function cycles(edges: Map<string, string[]>): string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  function visit(name: string): number {
    const index = order.size
    order.set(name, index)
    low.set(name, index)
    open.push(name)
    const callees = edges.get(name) ?? []
    let lowest = index
    for (const callee of callees) {
      if (!order.has(callee)) lowest = Math.min(lowest, visit(callee))
      else if (open.includes(callee)) lowest = Math.min(lowest, order.get(callee) ?? index)
    }
    low.set(name, lowest)
    if (lowest === index) {
      const part = open.splice(open.indexOf(name))
      if (part.length > 1 || callees.includes(name)) found.push(part)
    }
    return lowest
  }
  for (const name of edges.keys()) if (!order.has(name)) visit(name)
  return found
}
