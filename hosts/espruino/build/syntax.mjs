/** What the steps that rewrite a bundle share: its syntax tree, and edits of its text. */
import { parse } from "acorn"

/** Gives the syntax tree of a script or an ES module. */
export function parseCode(code) {
  return parse(code, { ecmaVersion: 2024, sourceType: "module", allowReturnOutsideFunction: true })
}

/** Calls `call(node, parent, key)` with every node, outermost first; the children of one for which it gives false are left out. */
export function visit(root, call) {
  const descend = (node, parent, key) => {
    if (call(node, parent, key) === false) return
    for (const name in node) {
      const value = node[name]
      if (Array.isArray(value)) {
        for (const child of value)
          if (child !== null && typeof child.type === "string") descend(child, node, name)
      } else if (value !== null && typeof value === "object" && typeof value.type === "string") {
        descend(value, node, name)
      }
    }
  }
  descend(root, null, "")
}

export function isFunction(node) {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)
}

export function isLoop(node) {
  return /^(For|ForIn|ForOf|While|DoWhile)Statement$/.test(node.type)
}

/** Tells whether `inner` lies within `outer`, or is it. */
export function contains(outer, inner) {
  return outer.start <= inner.start && inner.end <= outer.end
}

/** Gives `code` from `start` to `end` with the edits { start, end, text } that lie in there, of which none overlap. */
export function applyEdits(code, edits, start = 0, end = code.length) {
  let result = ""
  let done = start
  const inside = edits.filter((edit) => edit.start >= start && edit.end <= end)
  for (const edit of inside.sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start < done) throw new Error(`two edits at ${edit.start}: ${edit.text}`)
    result += code.slice(done, edit.start) + edit.text
    done = edit.end
  }
  return result + code.slice(done, end)
}
