/** What is wrong with the options of the engines that stand on a FlashDevice, and with the device itself. */
import { refuse } from "../errors.ts"
import type { FlashDevice } from "./flash-device.ts"

/** Option name -> its type, or the values that it has. A number is a whole one from 0. */
export type OptionKinds = Readonly<Record<string, "number" | "boolean" | readonly string[]>>

/** Throws EINVAL for what is no device, for an option that is unknown, and for a value of another kind. */
export function checkFlashOptions(device: FlashDevice, given: unknown, kinds: OptionKinds): void {
  if (!device || !device.read || !device.write || !device.eraseBlock || !device.status) {
    refuse("EINVAL", "not a flash device: read, write, eraseBlock and status are expected")
  }
  if (given === undefined || given === null) return
  if (typeof given !== "object") refuse("EINVAL", "the options must be an object, as in { blockCount: 16 }")
  const known = Object.keys(kinds)
  const names = Object.keys(given as object)
  for (let i = 0; i < names.length; i++) {
    const name = names[i]
    const value = (given as Record<string, unknown>)[name]
    if (known.indexOf(name) < 0)
      refuse("EINVAL", `unknown option "${name}"; the options are ${known.join(", ")}`)
    if (value === undefined) continue
    const kind = kinds[name]
    if (kind === "boolean") {
      if (typeof value !== "boolean") refuse("EINVAL", `${name} is ${value}, expected true or false`)
    } else if (kind === "number") {
      if (!(typeof value === "number" && value >= 0 && value % 1 === 0))
        refuse("EINVAL", `${name} is ${value}, expected a whole number from 0`)
    } else if (kind.indexOf(value as string) < 0) {
      refuse("EINVAL", `${name} is ${value}, expected ${kind.join(" or ")}`)
    }
  }
}
