/** Iterator sugar, which src leaves to hosts: for-of over a tree and over its ranges. */
import { BTree, RangeIterator } from "../src/btree/index.ts"

declare module "../src/btree/tree.ts" {
  interface BTree {
    /** Iterates over the keys, as MicroPython does. */
    [Symbol.iterator](): IterableIterator<Uint8Array>
  }
}

declare module "../src/btree/extras/ranges.ts" {
  interface RangeIterator<T> {
    [Symbol.iterator](): IterableIterator<T>
  }
}

BTree.prototype[Symbol.iterator] = function () {
  return this.keys()[Symbol.iterator]()
}

RangeIterator.prototype[Symbol.iterator] = function <T>(this: RangeIterator<T>) {
  return this as unknown as IterableIterator<T>
}
