/**
 * A double of `embedded:storage/flash` on the ESP32. Ranges are checked by ESP-IDF alone, every failure is an Error without a code, an
 * explicit undefined is 0, and a handle that was closed is no receiver any more.
 */
import { bufferBytes, type Nor, partitions, toInteger } from "./nor.ts"

/** What this platform's status() says beyond the geometry; Zephyr alone says anything. */
export const extraStatus: { writeAlign?: number; eraseValue?: number } = {}

class Flash {
  _nor: Nor | null
  _readonly: boolean

  constructor(nor?: Nor, readonly = false) {
    if (nor === undefined) throw new TypeError()
    this._nor = nor
    this._readonly = readonly
  }

  get _open(): Nor {
    if (this._nor === null) throw new SyntaxError("this: no host data")
    return this._nor
  }

  close(): void {
    this._nor = null
  }

  eraseBlock(...args: unknown[]): void {
    const nor = this._open
    if (this._readonly) throw new Error("read-only")
    nor.calls.push(`erase ${args.join(" ")}`)
    const start = toInteger(args[0])
    const end = args.length > 1 ? toInteger(args[1]) : start + 1
    const length = (end - start) * nor.blockLength
    if (end < start || !nor.has(start * nor.blockLength, length)) throw new Error("erase failed")
    nor.erase(start, end)
  }

  read(buffer: unknown, byteOffset: unknown): ArrayBuffer | number {
    const nor = this._open
    const offset = toInteger(byteOffset)
    const target =
      typeof buffer === "number" ? new Uint8Array(new ArrayBuffer(toInteger(buffer))) : bufferBytes(buffer)
    nor.calls.push(`read ${target.length} ${offset}`)
    if (!nor.has(offset, target.length)) throw new Error("read failed")
    target.set(nor.bytes.subarray(offset, offset + target.length))
    return typeof buffer === "number" ? (target.buffer as ArrayBuffer) : target.length
  }

  write(buffer: unknown, byteOffset: unknown): void {
    const nor = this._open
    if (this._readonly) throw new Error("read-only")
    const source = bufferBytes(buffer)
    const offset = toInteger(byteOffset)
    nor.calls.push(`write ${source.length} ${offset}`)
    if (!nor.has(offset, source.length)) throw new Error("write failed")
    nor.program(offset, source)
  }

  status(): { size: number; blocks: number; blockLength: number } {
    const { bytes, blockLength } = this._open
    return { size: bytes.length, blocks: bytes.length / blockLength, blockLength, ...extraStatus }
  }

  get format(): string {
    return "buffer"
  }

  set format(value: string) {
    if (value !== "buffer") throw new RangeError("invalid")
  }
}

export default Object.freeze({
  open(options: { path?: string; mode?: string; format?: string }): Flash {
    if (!("path" in options)) throw new Error("no path")
    const nor = partitions.get(`${options.path}`)
    if (nor === undefined) throw new Error("can't find partition")
    if ("mode" in options && options.mode !== "r" && options.mode !== "r+") throw new Error("invalid mode")
    if ("format" in options && options.format !== "buffer") throw new RangeError("unsupported")
    return new Flash(nor, options.mode === "r")
  },
  [Symbol.iterator]: () => partitions.keys(),
})
