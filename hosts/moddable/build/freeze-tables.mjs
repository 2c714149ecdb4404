/**
 * Freezes the tables of a module that is preloaded: XS then leaves them in the firmware, and needs no place in RAM for a copy that might
 * be changed; its linker warns of each one that is not frozen. src cannot do it itself, since Espruino has no Object.freeze.
 */

/** Gives a rollup plugin that freezes every constant at module level that is an array or an object of constants, and those inside it. */
export function freezeTables() {
  return {
    name: "freeze-tables",
    renderChunk(code) {
      const tables = this.parse(code).body.flatMap(tablesOf)
      const pieces = tables.flatMap(({ start, end }) => [
        { at: start, text: "Object.freeze(" },
        { at: end, text: ")" },
      ])
      let result = code
      for (const { at, text } of pieces.sort((a, b) => b.at - a.at))
        result = result.slice(0, at) + text + result.slice(at)
      return { code: result, map: null }
    },
  }
}

/** The tables that a statement defines, those inside them too. */
function tablesOf(statement) {
  const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement
  if (declaration?.type !== "VariableDeclaration" || declaration.kind !== "const") return []
  const inits = declaration.declarations.map(({ init }) => init)
  return inits.filter((init) => isTable(init)).flatMap(withInner)
}

/** An empty array or object is there to be filled. */
function isTable(node) {
  if (node?.type === "ArrayExpression") return node.elements.length > 0 && node.elements.every(isConstant)
  if (node?.type === "ObjectExpression") return node.properties.length > 0 && node.properties.every(isField)
  return false
}

/** A key that is written out, with a constant. */
function isField(property) {
  return (
    property.type === "Property" &&
    property.kind === "init" &&
    !property.computed &&
    isConstant(property.value)
  )
}

function isConstant(node) {
  switch (node?.type) {
    case "Literal":
    case "Identifier":
    case "ArrowFunctionExpression":
    case "FunctionExpression":
      return true
    case "UnaryExpression":
      return isConstant(node.argument)
    case "BinaryExpression":
      return isConstant(node.left) && isConstant(node.right)
    default:
      return isTable(node)
  }
}

/** Two tables never begin or end at the same place, since the outer one has its brackets. */
function withInner(table) {
  const values = table.elements ?? table.properties.map((property) => property.value)
  return [table, ...values.filter((value) => isTable(value)).flatMap(withInner)]
}
