/** Lines of text in aligned columns. */

/** Gives a line a row, columns as wide as their widest cell. A column that holds a number anywhere stands right. */
export function alignColumns(rows: readonly (readonly (string | number)[])[], indent = ""): string[] {
  const widths: number[] = []
  const isNumeric: boolean[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, String(cell).length)
      isNumeric[column] ||= typeof cell === "number"
    }
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      isNumeric[column] ? String(cell).padStart(widths[column]) : String(cell).padEnd(widths[column]),
    )
    return (indent + cells.join("  ")).trimEnd()
  })
}
