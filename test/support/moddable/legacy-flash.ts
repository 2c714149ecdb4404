/**
 * A double of the SDK's older module `flash`, on the ESP32 (which maps partitions, and leaves ranges to ESP-IDF) or on the ESP8266 (which
 * maps none, and checks). There is no close().
 */
import { bufferBytes, type Nor, partitions, toInteger } from "./nor.ts"

/** The chip that the module runs on. */
export const board: { chip: "esp32" | "esp8266" } = { chip: "esp32" }

export default class Flash {
  _nor: Nor

  constructor(partition: string) {
    const nor = partitions.get(partition)
    if (nor === undefined)
      throw new Error(board.chip === "esp32" ? "can't find partition" : "unknown partition")
    this._nor = nor
  }

  get byteLength(): number {
    return this._nor.bytes.length
  }

  get blockSize(): number {
    return this._nor.blockLength
  }

  read(offset: unknown, byteLength: unknown): ArrayBuffer {
    const start = toInteger(offset)
    const length = toInteger(byteLength)
    this._nor.calls.push(`read ${length} ${start}`)
    this._checkRange(start, length, "read failed")
    return this._nor.bytes.slice(start, start + length).buffer
  }

  write(offset: unknown, byteLength: unknown, buffer: unknown): void {
    const start = toInteger(offset)
    const length = toInteger(byteLength)
    const source = bufferBytes(buffer)
    this._nor.calls.push(`write ${length} ${start}`)
    if (length <= 0 || source.length < length) throw new Error("invalid")
    this._checkRange(start, length, "write failed")
    this._nor.program(start, source.subarray(0, length))
  }

  erase(sector: unknown): void {
    const block = toInteger(sector)
    this._nor.calls.push(`erase ${block}`)
    const exists = this._nor.has(block * this._nor.blockLength, this._nor.blockLength)
    if (!exists) throw new Error(board.chip === "esp32" ? "erase failed" : "invalid sector")
    this._nor.erase(block, block + 1)
  }

  map(): ArrayBuffer {
    this._nor.calls.push("map")
    if (board.chip === "esp8266") throw new Error("unsupported")
    return this._nor.bytes.buffer as ArrayBuffer
  }

  _checkRange(offset: number, length: number, failed: string): void {
    const { bytes } = this._nor
    if (board.chip === "esp32") {
      if (!this._nor.has(offset, length)) throw new Error(failed)
      return
    }
    if (offset < 0 || offset >= bytes.length) throw new Error("invalid offset")
    if (length <= 0 || offset + length > bytes.length) throw new Error("invalid length")
    if (this._nor.broken) throw new Error(failed.replace("failed", "fail"))
  }
}
