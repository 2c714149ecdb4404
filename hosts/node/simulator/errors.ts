/** What only a simulated chip throws. Neither is a FlashtreeError: no code in src may catch one and go on. */

/** The power failed in this call or before it; the medium is as the cut left it. */
export class PowerCut extends Error {
  constructor(message: string) {
    super(message)
    this.name = "PowerCut"
  }
}

/** The caller broke a rule of NOR flash: a bug in the caller. The call did nothing. */
export class FlashViolation extends Error {
  /** Where the rule was broken. */
  readonly byteOffset: number

  constructor(byteOffset: number, what: string) {
    super(`byte ${byteOffset}: ${what}`)
    this.name = "FlashViolation"
    this.byteOffset = byteOffset
  }
}
