/** Iterator sugar, which src leaves to hosts: for-of over the items of a constant database or table. */
import { ItemIterator } from "../src/constant/index.ts"

declare module "../src/constant/extras/items.ts" {
  interface ItemIterator<Key> {
    [Symbol.iterator](): IterableIterator<[Key, Uint8Array]>
  }
}

ItemIterator.prototype[Symbol.iterator] = function <Key>(this: ItemIterator<Key>) {
  return this as unknown as IterableIterator<[Key, Uint8Array]>
}
