/**
 * Reading source as a syntax tree, for the tests that judge the code itself: types are stripped as
 * rollup.config.mjs strips them, so that what is judged is what is shipped.
 */
import { SourceMap } from "node:module"
import { transformSync } from "@swc/core"
import type { AnyNode, Function as FunctionNode, Program } from "acorn"
import { parse } from "acorn"

export interface Stripped {
  code: string
  /** Gives the line of the TypeScript source that `line` (from 1) and `column` (from 0) of `code` came from. */
  sourceLine(line: number, column: number): number
}

/** Gives the JavaScript that the build makes of one TypeScript file before bundling it. */
export function stripTypes(source: string, filename: string): Stripped {
  const { code, map } = transformSync(source, {
    filename,
    configFile: false,
    swcrc: false,
    isModule: true,
    sourceMaps: true,
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript" },
      transform: { verbatimModuleSyntax: true, useDefineForClassFields: false },
    },
  })
  const positions = new SourceMap(JSON.parse(map ?? "{}"))
  return {
    code,
    sourceLine(line, column) {
      const entry = positions.findEntry(line - 1, column)
      return "originalLine" in entry ? entry.originalLine + 1 : line
    },
  }
}

/** Parses JavaScript; throws acorn's SyntaxError. A script with import or export parses too: that is for rules to say. */
export function parseScript(code: string, sourceType: "module" | "script"): Program {
  return parse(code, { ecmaVersion: 2024, sourceType, allowImportExportEverywhere: true, locations: true })
}

/** Gives the direct children of a node in source order. */
export function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  for (const value of Object.values(node)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== null && typeof item === "object" && typeof item.type === "string") found.push(item)
    }
  }
  return found.sort((a, b) => a.start - b.start)
}

/**
 * Visits `root` and everything below it, outermost first. `ancestors` holds the nodes above, nearest last, and is
 * reused between calls. The children of a node for which `visit` gives false are left out.
 */
export function walk(
  root: AnyNode,
  visit: (node: AnyNode, ancestors: AnyNode[]) => boolean | undefined,
): void {
  const ancestors: AnyNode[] = []
  function descend(node: AnyNode): void {
    if (visit(node, ancestors) === false) return
    ancestors.push(node)
    for (const child of children(node)) descend(child)
    ancestors.pop()
  }
  descend(root)
}

export type FunctionLike = FunctionNode & AnyNode

export function isFunction(node: AnyNode): node is FunctionLike {
  return (
    node.type === "FunctionDeclaration" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression"
  )
}

/** Tells whether an identifier stands for a variable here, and not for a property, a label or an exported name. */
export function isVariable(node: AnyNode, parent: AnyNode | undefined): boolean {
  if (node.type !== "Identifier") return false
  switch (parent?.type) {
    case "MemberExpression":
      return parent.object === node || parent.computed
    case "Property":
      return parent.value === node || parent.computed
    case "MethodDefinition":
    case "PropertyDefinition":
      return parent.value === node || parent.computed
    case "ImportSpecifier":
      return parent.local === node
    case "ExportSpecifier":
      return parent.local === node
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false
    default:
      return true
  }
}

/** Gives the names that a binding (an identifier or a pattern) declares. */
export function boundNames(pattern: AnyNode): string[] {
  const names: string[] = []
  walk(pattern, (node, ancestors) => {
    const parent = ancestors.at(-1)
    if (parent?.type === "AssignmentPattern" && parent.right === node) return false
    if (node.type === "Identifier" && isVariable(node, parent)) names.push(node.name)
    return undefined
  })
  return names
}
