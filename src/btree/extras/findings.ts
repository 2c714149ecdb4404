/** Errors of page checks as findings. */
import { isFlashtreeError } from "../../errors.ts"
import type { Finding } from "../types.ts"

/** Gives the finding that an ECORRUPT error means; throws any other error again. */
export function toFinding(error: unknown): Finding {
  if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
  return {
    code: "ECORRUPT",
    page: error.page === undefined ? 0 : error.page,
    offset: error.offset === undefined ? 0 : error.offset,
    message: error.message.replace(/^ECORRUPT: page \d+, offset \d+: /, ""),
  }
}
