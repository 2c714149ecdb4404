/** Constant databases on the command line: which keys a file has, opening it, and where it lies. */

import { isFlashtreeError } from "../../../../src/errors.ts"
import { constant } from "../../../../src/index.ts"
import { FileStream } from "../../file-stream.ts"
import { FlashImage } from "../../flash-image.ts"
import { parseCount } from "./arguments.ts"
import { CliError, describe } from "./failure.ts"
import { requireFile } from "./files.ts"
import { decodeText, encodeText, toHex } from "./text.ts"

/** How keys are stored. "names": a table of names. */
export const KEY_KINDS = ["names", "uint32", "uint64", "bytes"] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/** What every verb on constant databases takes. */
export const PLACE_ARGS = {
  flash: { type: "boolean", description: "FILE is the image of a flash partition" },
  "first-block": {
    type: "string",
    valueHint: "N",
    description: "With --flash: where the database begins (default: 0)",
  },
  "block-length": {
    type: "string",
    valueHint: "N",
    description: "With --flash: bytes of an erase block (default: 4096)",
  },
} as const

export interface PlaceArgs {
  flash: boolean | undefined
  "first-block": string | undefined
  "block-length": string | undefined
}

/** Opens the place that the arguments name, hands it to `use`, and closes it. */
export function withPlace<T>(
  path: string,
  args: PlaceArgs,
  writes: boolean,
  use: (source: constant.Source, range: constant.FlashRange | undefined) => T,
): T {
  const firstBlock = parseCount("--first-block", args["first-block"])
  const blockLength = parseCount("--block-length", args["block-length"], 1)
  if (!args.flash && (firstBlock !== undefined || blockLength !== undefined))
    throw new CliError("EINVAL", "--first-block and --block-length go with --flash")
  if (args.flash || !writes) requireFile(path, "`flashtree pack` makes a constant database")
  const source = args.flash
    ? new FlashImage(path, { readonly: !writes, ...(blockLength === undefined ? {} : { blockLength }) })
    : new FileStream(path, { readonly: !writes, create: writes })
  try {
    return use(source, args.flash ? { firstBlock: firstBlock ?? 0 } : undefined)
  } catch (error) {
    throw hinted(error)
  } finally {
    source.close()
  }
}

const HINTS: Record<string, string> = {
  EFTYPE:
    "pack, unpack and verify are for constant databases (stx-cbtreedb), the other verbs for btree files",
  ECORRUPT: "`flashtree verify FILE` lists the damage",
}

// The common hints are about btree files.
function hinted(error: unknown): unknown {
  if (!isFlashtreeError(error) || HINTS[error.code] === undefined) return error
  const { code, message } = describe(error)
  return new CliError(code, message, HINTS[code])
}

/** Gives the key that the bytes of a record mean: digits for numbers. @throws EINVAL */
export function keyFor(kind: KeyKind, bytes: Uint8Array, line: number): number | bigint | Uint8Array {
  if (kind === "names" || kind === "bytes") return bytes
  const text = decodeText(bytes) ?? ""
  const limit = kind === "uint32" ? 2n ** 32n : 2n ** 64n
  if (!/^\d{1,20}$/.test(text) || BigInt(text) >= limit)
    throw new CliError("EINVAL", `line ${line}: the key ${text || toHex(bytes)} is no number of ${kind}`)
  return kind === "uint32" ? Number(text) : BigInt(text)
}

/** Gives the key type of a kind whose keys have so many bytes. */
export function keyTypeOf(kind: KeyKind, size: number): constant.KeyType<never> {
  const types = { names: constant.uint32, uint32: constant.uint32, uint64: constant.uint64 }
  return (kind === "bytes" ? constant.bytes(size) : types[kind]) as constant.KeyType<never>
}

/** A constant database of any kind, opened: keys as bytes, numbers as digits. */
export interface OpenConstant {
  readonly kind: KeyKind
  readonly header: constant.ConstantHeader
  readonly size: number
  at(index: number): { key: Uint8Array; value: Uint8Array }
  verify(progress?: constant.Progress): constant.ConstantFinding[]
}

/** Opens a database whatever its signature, with keys of `kind`, or of the kind that its key size speaks for. @throws EFTYPE, ECORRUPT */
export function openConstant(
  source: constant.Source,
  range: constant.FlashRange | undefined,
  kind: KeyKind | undefined,
): OpenConstant {
  const header = constant.inspect(source, range)
  const { signature, appVersion, pagesize, keySize } = header
  const options = { signature, appVersion, pagesize, cache: new constant.PageCache(64) }
  if (kind === "names" || (kind === undefined && keySize === 4)) {
    const table = new constant.Table(options)
    try {
      table.open(source, range)
      return {
        kind: "names",
        header,
        size: table.size,
        at: (i) => itemOf(table.at(i)),
        verify: (p) => table.verify(p),
      }
    } catch (error) {
      if (kind === "names" || !isFlashtreeError(error) || error.code !== "EFTYPE") throw error
    }
  }
  const numbers: KeyKind = keySize === 4 ? "uint32" : keySize === 8 ? "uint64" : "bytes"
  const chosen = kind ?? numbers
  const reader = new constant.Reader({ ...options, key: keyTypeOf(chosen, keySize) })
  reader.open(source, range)
  return {
    kind: chosen,
    header,
    size: reader.size,
    at: (i) => itemOf(reader.at(i)),
    verify: (p) => reader.verify(p),
  }
}

function itemOf(item: { key: unknown; value: Uint8Array } | undefined): {
  key: Uint8Array
  value: Uint8Array
} {
  const { key, value } = item as { key: unknown; value: Uint8Array }
  return { key: key instanceof Uint8Array ? key : (encodeText(`${key}`) as Uint8Array), value }
}
