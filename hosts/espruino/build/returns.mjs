/** Where a function ends: what has to be known before its statements are put somewhere else. */
import { isFunction, isLoop, visit } from "./syntax.mjs"

/** Gives the return statements of a function's own body, without those of functions inside it. */
export function returnsIn(node) {
  const found = []
  visit(node, (inner) => {
    if (inner.type === "ReturnStatement") found.push(inner)
    return inner === node || !isFunction(inner)
  })
  return found
}

/** Tells whether control may get behind the last of `statements`; `isEnding` knows calls that never come back. True where unsure. */
export function canEnd(statements, isEnding) {
  return !statements.some((statement) => isTerminal(statement, isEnding))
}

function isTerminal(statement, isEnding) {
  switch (statement.type) {
    case "ReturnStatement":
    case "ThrowStatement":
      return true
    case "BlockStatement":
      return !canEnd(statement.body, isEnding)
    case "IfStatement":
      return (
        statement.alternate !== null &&
        isTerminal(statement.consequent, isEnding) &&
        isTerminal(statement.alternate, isEnding)
      )
    case "ForStatement":
      return statement.test === null && !hasBreak(statement.body)
    case "ExpressionStatement":
      return isEnding(statement.expression)
    default:
      return false
  }
}

/** Tells whether a loop's body leaves the loop with a break. */
function hasBreak(body) {
  let found = false
  visit(body, (node) => {
    if (node.type === "BreakStatement") found = true
    return !isFunction(node) && !isLoop(node) && node.type !== "SwitchStatement"
  })
  return found
}

/**
 * Gives statements as text in which every return is what `sink(argument)` makes of it and nothing runs behind it, or null where that
 * takes more than an else. What comes behind the end of `statements` is what follows the text.
 */
export function withoutReturns(statements, { text, sink, isEnding }) {
  let result = ""
  for (let i = 0; i < statements.length; i++) {
    const statement = statements[i]
    const rest = statements.slice(i + 1)
    const ends = !canEnd([statement], isEnding)
    // What nobody reaches may still declare what is used above.
    if (ends && rest.length > 0) return null
    if (statement.type === "ReturnStatement") return result + sink(statement.argument)
    if (returnsIn(statement).length === 0) {
      result += `${text(statement)}\n`
      if (ends) return result
      continue
    }
    if (statement.type === "BlockStatement") {
      const inner = withoutReturns([...statement.body, ...rest], { text, sink, isEnding })
      return inner === null ? null : result + inner
    }
    if (statement.type !== "IfStatement") return null
    const yes = bodyOf(statement.consequent)
    const no = bodyOf(statement.alternate)
    const yesEnds = canEnd(yes, isEnding)
    const noEnds = canEnd(no, isEnding)
    if (rest.length > 0 && yesEnds && noEnds) return null
    const first = withoutReturns(yesEnds ? [...yes, ...rest] : yes, { text, sink, isEnding })
    const second = withoutReturns(noEnds ? [...no, ...rest] : no, { text, sink, isEnding })
    if (first === null || second === null) return null
    return `${result}if (${text(statement.test)}) {\n${first}\n} else {\n${second}\n}\n`
  }
  return result + sink(null)
}

function bodyOf(statement) {
  if (statement === null) return []
  return statement.type === "BlockStatement" ? statement.body : [statement]
}
