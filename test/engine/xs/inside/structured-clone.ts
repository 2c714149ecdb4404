/** The simulator's one need that XS does not have: copies of plain data and typed arrays. */

function clone(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value
  if (ArrayBuffer.isView(value)) return (value as Uint8Array).slice()
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, clone(member)]))
}

Object.assign(globalThis, { structuredClone: clone })
