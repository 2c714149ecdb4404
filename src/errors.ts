/**
 * Every error flashtree throws, made by a factory: a subclass of Error cannot be built on Espruino.
 * The code is stable and meant for programs; the message says what was found and what was expected.
 */

/** EINVAL argument; EFTYPE not this format; ECORRUPT damaged; EIO device refused; the rest as in errno. */
export type ErrorCode =
  | "EINVAL"
  | "EFTYPE"
  | "ECORRUPT"
  | "EIO"
  | "ENOSPC"
  | "ENOMEM"
  | "EROFS"
  | "EBUSY"
  | "ESTALE"
  | "EEXIST"
  | "ECLOSED"

export interface FlashtreeError extends Error {
  code: ErrorCode
  /** Page number, for ECORRUPT. */
  page?: number
  /** Byte offset within that page, for ECORRUPT. */
  offset?: number
  /** What the stream or device threw, for EIO. */
  cause?: unknown
}

/** Gives an Error with `code` and `message`; the caller throws it. */
export function failure(code: ErrorCode, message: string, cause?: unknown): FlashtreeError {
  const error = new Error(`${code}: ${message}`) as FlashtreeError
  // On XS the prototypes of a firmware are frozen, and Error has a name: an assignment would be refused.
  Object.defineProperty(error, "name", { value: "FlashtreeError" })
  error.code = code
  if (cause !== undefined) error.cause = cause
  return error
}

/** Throws what failure makes, with the place in the file where there is one. */
export function refuse(code: ErrorCode, message: string, page?: number, offset?: number): never {
  const error = failure(code, message)
  if (page !== undefined) {
    error.page = page
    error.offset = offset as number
  }
  throw error
}

/** Throws an ECORRUPT error that names the page and the byte offset within it. */
export function corrupt(page: number, offset: number, message: string): never {
  refuse("ECORRUPT", `page ${page}, offset ${offset}: ${message}`, page, offset)
}

/** Tells whether `error` came from flashtree (and so has a stable `code`). */
export function isFlashtreeError(error: unknown): error is FlashtreeError {
  return error instanceof Error && error.name === "FlashtreeError"
}
