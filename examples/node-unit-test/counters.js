/** A module of some firmware: counters that survive a power cut. It is given a store, and so runs on a board and in a test alike. */
export class Counters {
  constructor(store) {
    this.store = store
    this.value = new Uint8Array(4)
    this.view = new DataView(this.value.buffer)
  }

  /** Gives the count of `name`; 0 when it was never increased. */
  get(name) {
    return this.store.getInto(name, this.value) < 0 ? 0 : this.view.getUint32(0)
  }

  /** Increases several counters by one: all of them, or none, whenever the power goes. */
  increase(...names) {
    for (const name of names) {
      this.view.setUint32(0, this.get(name) + 1)
      this.store.set(name, this.value)
    }
    this.store.flush()
  }
}
