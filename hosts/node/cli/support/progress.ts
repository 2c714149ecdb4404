/** One line on stderr that rewrites itself while a verb works; nothing at all when stderr is no terminal. */
import { writeStderr } from "./descriptor.ts"

const INTERVAL_MS = 100

export class Progress {
  readonly #label: string
  readonly #shown: boolean
  readonly #write: (text: string) => void
  #last = 0
  #width = 0

  /** `shown` and `write` are for tests; otherwise stderr decides. */
  constructor(label: string, shown = process.stderr.isTTY === true, write = writeStderr) {
    this.#label = label
    this.#shown = shown
    this.#write = write
  }

  /** Shows `done` of `total` (0: not known) `unit`s, at most ten times a second. */
  update(done: number, total: number, unit: string): void {
    if (!this.#shown) return
    const now = Date.now()
    if (now - this.#last < INTERVAL_MS) return
    this.#last = now
    const share = total > 0 ? ` of ${total} ${unit} (${Math.floor((100 * done) / total)} %)` : ` ${unit}`
    const text = `${this.#label} ${done}${share}`
    // Blanks cover what a longer line left behind.
    this.#write(`\r${text.padEnd(this.#width)}`)
    this.#width = text.length
  }

  /** Wipes the line, so that what follows starts clean. */
  done(): void {
    if (this.#width > 0) this.#write(`\r${" ".repeat(this.#width)}\r`)
    this.#width = 0
  }
}
