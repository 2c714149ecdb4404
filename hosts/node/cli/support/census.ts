/**
 * What each page of a file belongs to, found by walking the tree and the free list in the raw bytes. Every page is
 * claimed once, so damaged links cannot make the walk go round; a second claim is noted.
 */
import { HEADER, ROOT } from "../../../../src/btree/layout.ts"
import { PageMap } from "./page-map.ts"
import type { RawFile } from "./raw-file.ts"
import type { RawItem, RawPart } from "./raw-items.ts"
import { decodePage } from "./raw-page.ts"

const NOBODY = 0
const META = 1
const TOP = 2
const CHILD_OF = 3
const KEY_OF = 4
const VALUE_OF = 5
const FREE = 6

export class Census {
  /** Page numbers of the free list in order. */
  readonly freeList: number[]
  /** Bytes that records and their slots take on leaf pages, and bytes there are for them. */
  leafBytesUsed = 0
  leafBytes = 0
  readonly #file: RawFile
  readonly #roles: Uint8Array
  readonly #owners: Uint32Array
  readonly #items: Uint16Array
  readonly #conflicts = new Map<number, string>()

  constructor(file: RawFile) {
    this.#file = file
    this.#roles = new Uint8Array(file.pages)
    this.#owners = new Uint32Array(file.pages)
    this.#items = new Uint16Array(file.pages)
    this.freeList = file.freeList()
    if (file.pages > 0) this.#roles[0] = META
    for (const [position, pgno] of this.freeList.entries()) this.#claim(pgno, FREE, position, 0)
    const internalKeys = this.#walkTree()
    for (const [pgno, item] of internalKeys) this.#claimInternalKey(pgno, item)
  }

  isFree(pgno: number): boolean {
    return this.#roles[pgno] === FREE
  }

  /** Gives what page `pgno` belongs to, in words; `nobody` is a leak. */
  ownerOf(pgno: number): string {
    const owner = words(this.#roles[pgno], this.#owners[pgno], this.#items[pgno])
    const conflict = this.#conflicts.get(pgno)
    return conflict === undefined ? owner : `${owner}, and also ${conflict}`
  }

  /** Tells whether page `pgno` is claimed twice. */
  isContested(pgno: number): boolean {
    return this.#conflicts.has(pgno)
  }

  // Gives the big keys of internal pages: their chains may be shared with a leaf, so they are claimed afterwards.
  #walkTree(): [number, RawItem][] {
    const internalKeys: [number, RawItem][] = []
    const pending: number[] = []
    if (this.#file.pages > ROOT && this.#claim(ROOT, TOP, 0, 0)) pending.push(ROOT)
    for (let pgno = pending.pop(); pgno !== undefined; pgno = pending.pop()) {
      const page = decodePage(this.#file, pgno, false)
      if (page.type === "leaf") {
        const map = new PageMap(page)
        this.leafBytesUsed += map.count("items") + map.count("index")
        this.leafBytes += this.#file.pagesize - HEADER
      }
      for (const item of page.items) {
        if (item.child !== undefined) {
          if (isBig(item.key)) internalKeys.push([pgno, item])
          if (this.#claim(item.child, CHILD_OF, pgno, item.index)) pending.push(item.child)
        } else {
          if (isBig(item.key)) this.#claimChain(item.key, KEY_OF, pgno, item.index)
          if (isBig(item.data)) this.#claimChain(item.data, VALUE_OF, pgno, item.index)
        }
      }
    }
    return internalKeys
  }

  #claimInternalKey(pgno: number, item: RawItem): void {
    if (!isBig(item.key) || this.#roles[item.key.page] === KEY_OF) return
    this.#claimChain(item.key, KEY_OF, pgno, item.index)
  }

  #claimChain(part: BigPart, role: number, owner: number, item: number): void {
    let left = Math.ceil(part.size / (this.#file.pagesize - HEADER))
    for (let pgno = part.page; left > 0 && this.#claim(pgno, role, owner, item); left--)
      pgno = this.#file.nextOf(pgno)
  }

  // False where the page is outside the file or somebody's already.
  #claim(pgno: number, role: number, owner: number, item: number): boolean {
    if (pgno !== ROOT && !this.#file.isInside(pgno)) return false
    if (this.#roles[pgno] !== NOBODY) {
      this.#conflicts.set(pgno, words(role, owner, item))
      return false
    }
    this.#roles[pgno] = role
    this.#owners[pgno] = owner
    this.#items[pgno] = item
    return true
  }
}

/** Walks the whole file: reads every page that is in use. */
export function takeCensus(file: RawFile): Census {
  return new Census(file)
}

type BigPart = Extract<RawPart, { page: number }>

function isBig(part: RawPart | undefined): part is BigPart {
  return part !== undefined && "page" in part
}

function words(role: number, owner: number, item: number): string {
  if (role === META) return "the file"
  if (role === TOP) return "the root"
  if (role === CHILD_OF) return `page ${owner} item ${item}`
  if (role === KEY_OF) return `key of page ${owner} item ${item}`
  if (role === VALUE_OF) return `value of page ${owner} item ${item}`
  return role === FREE ? `free list, place ${owner}` : "nobody"
}
