/**
 * How many of Espruino's variables (JsVars) values take, by the rules of its src/jsvar.h: every value is cells of 13 or 14 bytes. Walks the objects of a realm;
 * what is reached twice counts once, and prototypes and functions are the modules', not the values'.
 */
import { types } from "node:util"

/** Bytes of a variable: 13 on boards with up to 8,191 of them, 14 with up to 16,383. */
export type VariableBytes = 13 | 14

/** Characters that a name, and a text, has in its own variable. */
const NAME_ROOM = 4
const TEXT_ROOM = 8

export interface Variables {
  /** All of them. */
  total: number
  /** Those of them that hold the bytes of ArrayBuffers. */
  buffers: number
}

/** Counts what is reached from `roots`, and their buffers' part of it. */
export function countVariables(roots: unknown[], size: VariableBytes): Variables {
  const seen = new Set<unknown>()
  const found: Variables = { total: 0, buffers: 0 }
  const waiting = [...roots]
  while (waiting.length > 0) {
    const value = waiting.pop()
    if (typeof value === "function" || value === undefined || seen.has(value)) continue
    if (typeof value === "object" && value !== null) seen.add(value)
    found.total += ownVariables(value, size)
    if (types.isAnyArrayBuffer(value)) found.buffers += bytesVariables(value.byteLength, size)
    for (const [name, part] of partsOf(value)) {
      found.total += nameVariables(name, size)
      if (!isPacked(part, size)) waiting.push(part)
    }
    if (ArrayBuffer.isView(value) && !types.isDataView(value)) waiting.push(value.buffer)
  }
  return found
}

/** Gives the properties that an object has on Espruino. */
function partsOf(value: unknown): [string | number, unknown][] {
  if (typeof value !== "object" || value === null || types.isAnyArrayBuffer(value)) return []
  if (types.isDataView(value)) {
    const { buffer, byteOffset, byteLength } = value
    return Object.entries({ __proto: 0, buffer, byteOffset, byteLength })
  }
  if (ArrayBuffer.isView(value)) return []
  const parts: [string | number, unknown][] = Object.entries(value)
  if (Array.isArray(value)) return parts.map(([, part], index) => [index, part])
  const isPlain = Object.getPrototypeOf(Object.getPrototypeOf(value) ?? null) === null
  return isPlain ? parts : [["__proto__", undefined], ...parts]
}

/** A small whole number is in the variable of its name. */
function isPacked(value: unknown, size: VariableBytes): boolean {
  const most = size === 13 ? 4096 : 8192
  return typeof value === "number" && value % 1 === 0 && value >= -most && value < most
}

function nameVariables(name: string | number, size: VariableBytes): number {
  return typeof name === "number" ? 1 : 1 + Math.ceil(Math.max(0, name.length - NAME_ROOM) / (size - 4))
}

/** Variables of the value itself, without its properties; a buffer with its bytes. */
function ownVariables(value: unknown, size: VariableBytes): number {
  if (typeof value === "string") return 1 + Math.ceil(Math.max(0, value.length - TEXT_ROOM) / (size - 4))
  return types.isAnyArrayBuffer(value) ? 1 + bytesVariables(value.byteLength, size) : 1
}

/** Bytes are a text: a short one in pieces, a longer one behind its first variable in one piece. */
function bytesVariables(length: number, size: VariableBytes): number {
  const pieces = 1 + Math.ceil(Math.max(0, length - TEXT_ROOM) / (size - 4))
  return Math.min(pieces, 1 + Math.ceil(length / size))
}
