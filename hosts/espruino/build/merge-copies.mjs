/** Variables that only take over the value of another one, which has no more use: what putting functions in their places leaves behind. */
import { isCaptured } from "./evaluation.mjs"
import { analyse, replaceName } from "./scopes.mjs"
import { applyEdits, contains } from "./syntax.mjs"

/** Gives `code` in which `var a = b` is gone where b is not used behind it and a is not assigned: b is used on. */
export function mergeCopies(code) {
  let result = code
  for (;;) {
    const scopes = analyse(result)
    const copy = scopes.bindings.find((binding) => sourceOf(scopes, binding) !== null)
    if (copy === undefined) return result
    const declaration = scopes.parents.get(scopes.parents.get(copy.ids[0]))
    const source = sourceOf(scopes, copy)
    const edits = copy.references.map((use) => replaceName(scopes, use, source.name))
    result = applyEdits(result, [...edits, { start: declaration.start, end: declaration.end, text: ";" }])
  }
}

/** Gives the binding that the variable is a copy of, or null where it has to stay. */
function sourceOf(scopes, copy) {
  const { owner, kind, ids, references, writes } = copy
  if (owner === null || !/^(var|let|const)$/.test(kind) || ids.length > 1 || writes.length > 0) return null
  const declarator = scopes.parents.get(ids[0])
  if (declarator.type !== "VariableDeclarator" || declarator.init?.type !== "Identifier") return null
  const declaration = scopes.parents.get(declarator)
  const block = scopes.parents.get(declaration)
  const source = scopes.of.get(declarator.init)
  if (declaration.declarations.length > 1 || !/^(BlockStatement|SwitchCase)$/.test(block.type)) return null
  if (source === undefined || source.owner !== owner || !/^(var|let|const|param)$/.test(source.kind))
    return null
  if (source.ids.some((id) => id.start > declarator.start)) return null
  const used = [...references, ...source.references]
  if (used.some((use) => isCaptured(scopes, use, owner))) return null
  if (source.references.some((use) => use !== declarator.init && use.start > declarator.start)) return null
  return references.every((use) => contains(block, use) && use.start > declarator.start) ? source : null
}
