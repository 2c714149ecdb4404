/**
 * Freezes the tables of a module that is preloaded: XS then leaves them in the firmware, and needs no place in RAM for a copy that might
 * be changed. src cannot do it itself, since Espruino has no Object.freeze.
 */

/** Gives a rollup plugin that freezes every array of literals in a constant at module level. */
export function freezeTables() {
  return {
    name: "freeze-tables",
    renderChunk(code) {
      const tables = this.parse(code).body.flatMap(tablesOf)
      let result = code
      for (const { start, end } of tables.sort((a, b) => b.start - a.start))
        result = `${result.slice(0, start)}Object.freeze(${result.slice(start, end)})${result.slice(end)}`
      return { code: result, map: null }
    },
  }
}

/** An empty array is there to be filled. */
function tablesOf(statement) {
  if (statement.type !== "VariableDeclaration" || statement.kind !== "const") return []
  return statement.declarations
    .map(({ init }) => init)
    .filter((init) => init?.type === "ArrayExpression" && init.elements.length > 0)
    .filter((init) => init.elements.every((element) => element?.type === "Literal"))
}
