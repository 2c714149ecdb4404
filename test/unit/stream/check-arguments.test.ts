import { describe, expect, it } from "vitest"
import { checkSize, checkTransfer } from "../../../src/stream/check-arguments.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

describe("checkTransfer", () => {
  it("passes what lies inside, to the last byte", () => {
    expect(() => checkTransfer(8, 0, 0, 8)).not.toThrow()
    expect(() => checkTransfer(8, 2 ** 53 - 9, 8, 0)).not.toThrow()
    expect(() => checkTransfer(8, 2 ** 53 - 9, 0, 8)).not.toThrow()
  })

  it("refuses an end beyond whole numbers, and text", () => {
    expect(() => checkTransfer(8, 2 ** 53 - 8, 0, 8)).toThrow(code("EINVAL"))
    expect(() => checkTransfer(8, "4" as unknown as number, 0, 1)).toThrow(code("EINVAL"))
    expect(() => checkTransfer(8, 0, "1" as unknown as number, 1)).toThrow(code("EINVAL"))
  })

  it("names what it found and what it expected", () => {
    expect(() => checkTransfer(8, 0, 4, 5)).toThrow("start 4 and length 5 lie outside a buffer of 8 bytes")
    expect(() => checkTransfer(8, -3, 0, 1)).toThrow("position is -3, expected a whole number from 0")
    expect(() => checkSize(0.5)).toThrow("size is 0.5, expected a whole number from 0")
  })
})
