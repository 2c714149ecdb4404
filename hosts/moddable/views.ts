/**
 * Views of page frames, kept: a file of the SDK takes a whole buffer and no part of one, and making a view costs four slots. Frames
 * are few and stay where they are, so a short list holds them all once the cache is warm.
 */
const VIEWS_MAX = 32

export class Views {
  _list: Uint8Array[] = []

  /** Gives a view of `buffer[start, start + length)`: the buffer itself, one made before, or a new one. */
  of(buffer: Uint8Array, start: number, length: number): Uint8Array {
    if (start === 0 && length === buffer.length) return buffer
    const list = this._list
    const data = buffer.buffer
    const offset = buffer.byteOffset + start
    for (let i = 0; i < list.length; i++) {
      const view = list[i]
      if (view.byteOffset === offset && view.length === length && view.buffer === data) return view
    }
    const view = buffer.subarray(start, start + length)
    if (list.length < VIEWS_MAX) list.push(view)
    return view
  }
}
