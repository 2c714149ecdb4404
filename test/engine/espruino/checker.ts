/**
 * What Espruino's parser and library do not take, looked for in a finished file. The subset of src is checked first
 * (test/support/subset.ts knows the missing syntax, globals and members); the rules here are about what bundling and minifying can
 * bring in, and about text that only the last form of a file shows.
 */
import type { AnyNode } from "acorn"
import { checkSubset, type Finding as SubsetFinding } from "../../support/subset.ts"
import { boundNames, isFunction, isVariable, parseScript, walk } from "../../support/syntax.ts"

export const OWN_RULES = [
  "use before declaration",
  "bare return",
  "function called where it stands",
  "long name",
  "large number",
  "not 8 bits",
  "array of text",
  "closure in a field",
] as const

type OwnRule = (typeof OWN_RULES)[number]

export interface Finding {
  rule: SubsetFinding["rule"] | OwnRule
  /** What stands there. */
  text: string
}

/** The length of Espruino's token buffer. */
const NAME_MAX = 63

/** Gives what a real interpreter would stumble over, or do otherwise than Node. Never throws. */
export function checkBundle(code: string): Finding[] {
  const lines = code.split("\n")
  const findings: Finding[] = checkSubset(code, "bundle").map(({ rule, line, column, message }) => ({
    rule,
    text: `${message}: ${(lines[line - 1] ?? "").slice(column, column + 60)}`,
  }))
  if (findings.some(({ rule }) => rule === "syntax")) return findings
  const report = (rule: OwnRule, node: AnyNode): void => {
    findings.push({ rule, text: code.slice(node.start, node.start + 60) })
  }
  walk(parseScript(code, "script"), (node) => {
    if (node.type === "Program") checkOrder(node.body, report)
    else if (node.type === "BlockStatement" || node.type === "StaticBlock") checkOrder(node.body, report)
    checkTokens(node, code, report)
    checkCalls(node, report)
    return undefined
  })
  return findings
}

type Report = (rule: OwnRule, node: AnyNode) => void

/**
 * Espruino hoists nothing: a name is there from its own text on, in every block. Bodies of functions run later, so they may look ahead;
 * a variable used in the loop around its own declaration is not seen.
 */
function checkOrder(body: AnyNode[], report: Report): void {
  for (const declaration of body) {
    for (const name of declaredNames(declaration)) {
      for (const statement of body) {
        if (statement.start >= declaration.start) break
        walk(statement, (inner, ancestors) => {
          if (isFunction(inner)) return false
          if (inner.type !== "Identifier" || inner.name !== name || !isVariable(inner, ancestors.at(-1)))
            return undefined
          if (!ancestors.some((scope) => namesOf(scope).includes(name)))
            report("use before declaration", inner)
          return undefined
        })
      }
    }
  }
}

/** The names that a block, a loop's head or a catch declares for what is inside it. */
function namesOf(scope: AnyNode): string[] {
  if (scope.type === "BlockStatement") return scope.body.flatMap(declaredNames)
  if (scope.type === "ForStatement" && scope.init) return declaredNames(scope.init)
  return scope.type === "CatchClause" && scope.param ? boundNames(scope.param) : []
}

function declaredNames(statement: AnyNode): string[] {
  if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration")
    return statement.id ? [statement.id.name] : []
  if (statement.type !== "VariableDeclaration") return []
  return statement.declarations.flatMap(({ id }) => boundNames(id))
}

function checkTokens(node: AnyNode, code: string, report: Report): void {
  switch (node.type) {
    case "ReturnStatement":
      // A function's text is kept without its last brace, and a return that ends it is taken for one with a value.
      if (!node.argument && code[node.end - 1] !== ";") report("bare return", node)
      break
    case "Identifier":
      if (node.name.length > NAME_MAX) report("long name", node)
      if (/[^\x20-\x7e]/.test(node.name)) report("not 8 bits", node)
      break
    case "Literal":
      if (typeof node.value === "number" && node.value > 2 ** 53) report("large number", node)
      if (largestCode(node.raw ?? "") > 0x7e || largestCode(`${node.value}`) > 0xff)
        report("not 8 bits", node)
      break
    case "TemplateElement":
      if (largestCode(node.value.raw) > 0x7e || largestCode(node.value.cooked ?? "") > 0xff)
        report("not 8 bits", node)
      break
  }
}

function largestCode(text: string): number {
  let largest = 0
  for (let i = 0; i < text.length; i++) largest = Math.max(largest, text.charCodeAt(i))
  return largest
}

function checkCalls(node: AnyNode, report: Report): void {
  if (node.type === "CallExpression" && isFunction(node.callee))
    report("function called where it stands", node)
  if (
    node.type === "NewExpression" &&
    node.callee.type === "Identifier" &&
    /^(Uint|Int|Float)\d+(Clamped)?Array$/.test(node.callee.name) &&
    node.arguments.length > 0 &&
    (node.arguments[0].type === "TemplateLiteral" ||
      (node.arguments[0].type === "Literal" && typeof node.arguments[0].value === "string"))
  ) {
    report("array of text", node)
  }
  if (node.type === "PropertyDefinition" && node.value && isFunction(node.value))
    report("closure in a field", node)
}
