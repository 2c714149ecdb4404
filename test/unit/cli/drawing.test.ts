/**
 * Goal: a page is drawn as its bytes say, and damage is marked instead of followed. Method: hand-made pages of every
 * type against inline snapshots; one spoilt field at a time; then any bytes at all.
 */
import fc from "fast-check"
import { afterAll, describe, expect, it } from "vitest"
import { takeCensus } from "../../../hosts/node/cli/support/census.ts"
import { drawPage, preview } from "../../../hosts/node/cli/support/drawing.ts"
import { hexLines } from "../../../hosts/node/cli/support/hex-lines.ts"
import { openRaw, type RawFile } from "../../../hosts/node/cli/support/raw-file.ts"
import { decodePage } from "../../../hosts/node/cli/support/raw-page.ts"
import { Folder, Maker, PAGESIZE, spoil } from "./hand-made.ts"
import { latin1, messageOf } from "./input.ts"

const folder = new Folder()
afterAll(() => folder.remove())

const maker = new Maker()
const LEAF = maker.tree(
  1,
  [
    { key: "", value: "empty" },
    { key: "b\n", value: "\xff\0" },
    { key: "big", value: maker.reference(2, 600), flags: 1 },
  ],
  { next: 0 },
)
const CHAIN = [maker.overflow(2, "x".repeat(492), 3), maker.overflow(3, "y".repeat(108))]
const FREED = maker.page(4, { next: 0, flags: 2, lower: 22, upper: 400 })

function withFile<T>(pages: Uint8Array[], use: (file: RawFile) => T): T {
  const file = openRaw(folder.file("drawn.db", pages), PAGESIZE) as RawFile
  try {
    return use(file)
  } finally {
    file.close()
  }
}

function draw(pages: Uint8Array[], pgno: number, free = false): string {
  return withFile(pages, (file) => drawPage(decodePage(file, pgno, free), file.pages, false).join("\n"))
}

function damagesOf(pages: Uint8Array[], pgno: number): string[] {
  return withFile(pages, (file) =>
    decodePage(file, pgno, false).damages.map(({ offset, message }) => `${offset}: ${message}`),
  )
}

const SOUND = [maker.meta(4), LEAF, ...CHAIN, FREED]

describe("a drawing", () => {
  it("of a meta page", () => {
    expect(draw(SOUND, 0)).toMatchInlineSnapshot(`
      "page 0 of 5: meta, bytes 0 to 511 of the file

        offset  field       value
             0  magic     0x53162  Berkeley DB btree, little-endian
             4  version         3
             8  pagesize      512
            12  free            4  first free page
            16  nrecs           0  0 in a btree
            20  flags        0x20  no duplicates

        0                                                              512
        |hhh.............................................................|
        h header 24   . unused 488"
    `)
  })

  it("of a leaf", () => {
    expect(draw(SOUND, 1)).toMatchInlineSnapshot(`
      "page 1 of 5: leaf, bytes 512 to 1023 of the file

        offset  field  value
             0  pgno       1
             4  prev       0  none
             8  next       0  none
            12  flags    0x2  leaf
            16  lower     26  end of the index
            18  upper    460  start of the items

        0                                                              512
        |hhh.......................................................######|
        h header 20   i index 6   . free 434   # items 52

        item  offset  size  flags      key       value
           0     496    16  -          ""        "empty"
           1     480    16  -          hex:620a  hex:ff00
           2     460    20  big value  "big"     600 bytes from page 2"
    `)
  })

  it("of an internal page, of the other byte order, with a check", () => {
    const big = new Maker(false)
    const items = [
      { key: "", child: 2 },
      { key: "m", child: 3 },
      { key: big.reference(4, 300), child: 3, flags: 2 },
    ]
    const root = spoil(big.tree(1, items), 12, 0xab, 0xcd, 0xef)
    const pages = [big.meta(), root, big.tree(2, []), big.tree(3, []), big.overflow(4, "k".repeat(300))]
    expect(draw(pages, 1)).toMatchInlineSnapshot(`
      "page 1 of 5: internal, bytes 512 to 1023 of the file

        offset  field       value
             0  pgno            1
             4  prev            0  none
             8  next            0  none
            12  flags  0xabcdef01  internal, check abcdef
            16  lower          26  end of the index
            18  upper         468  start of the items

        0                                                              512
        |hhh........................................................#####|
        h header 20   i index 6   . free 442   # items 44

        item  offset  size  flags    child   key
           0     500    12  -        page 2  "", below every key
           1     488    12  -        page 3  "m"
           2     468    20  big key  page 3  300 bytes from page 4"
    `)
  })

  it("of an overflow page", () => {
    expect(draw(SOUND, 3)).toMatchInlineSnapshot(`
      "page 3 of 5: overflow, bytes 1536 to 2047 of the file

        offset  field  value
             0  pgno       3
             4  prev       0  none
             8  next       0  none
            12  flags    0x4  overflow
            16  lower      0
            18  upper      0

        0                                                              512
        |hhh#############################################################|
        h header 20   # data 492

        first bytes of the data
          20  79 79 79 79 79 79 79 79 79 79 79 79 79 79 79 79  yyyyyyyyyyyyyyyy
      *
          68  79 79 79 79 79 79 79 79 79 79 79 79 79 79 79 79  yyyyyyyyyyyyyyyy"
    `)
  })

  it("of a free page", () => {
    expect(draw(SOUND, 4, true)).toMatchInlineSnapshot(`
      "page 4 of 5: free, bytes 2048 to 2559 of the file

        offset  field  value
             0  pgno       4
             4  prev       0  none
             8  next       0  none
            12  flags    0x2  free page, was: leaf
            16  lower     22
            18  upper    400

        0                                                              512
        |hhh.............................................................|
        h header 20   . unused 492"
    `)
  })

  it("of a damaged leaf marks what is wrong", () => {
    const leaf = maker.tree(1, [
      { key: "a", value: "1" },
      { key: "b", value: "2" },
      { key: "c", value: "3" },
    ])
    // Item 1 said to lie where item 0 is, item 2 with a key longer than the page.
    const damaged = spoil(spoil(leaf, 22, 0xf4, 1), 476, 0xff, 0xff)
    expect(draw([maker.meta(), damaged], 1)).toMatchInlineSnapshot(`
      "page 1 of 2: leaf, bytes 512 to 1023 of the file

        offset  field  value
             0  pgno       1
             4  prev       0  none
             8  next       0  none
            12  flags    0x2  leaf
            16  lower     26  end of the index
            18  upper    476  start of the items

        0                                                              512
        |hhh........................................................---!!|
        - gaps 24   h header 20   i index 6   . free 450   ! overlap 12

         item  offset  size  flags  key  value
            0     500    12  -      "a"  "1"
      !     1     500    12  -      "a"  "1"
      !     2     476     0  -      ?    ?

        damage (2)
        ! offset 476: item 2: key 65535 and value 1 bytes run out of the page
        ! offset 500: item 1 overlaps item 0"
    `)
  })

  it("of a leaf with gaps counts them", () => {
    const leaf = spoil(maker.tree(1, [{ key: "a", value: "1" }]), 18, 0xf0, 1)
    expect(draw([maker.meta(), spoil(leaf, 18, 0xe0)], 1)).toContain("- gaps 20")
  })
})

describe("damage", () => {
  const one = maker.tree(1, [{ key: "key", value: "value" }])
  const at = PAGESIZE - 20

  it.each<[string, Uint8Array, string]>([
    ["own number", spoil(one, 0, 7), "0: the page says it is number 7"],
    ["prev", spoil(one, 4, 9), "4: a link to page 9; the file has pages 0 to 1"],
    ["next", spoil(one, 11, 9), "8: a link to page 150994944; the file has pages 0 to 1"],
    ["type", spoil(one, 12, 3), "12: page type 3 is none of a btree"],
    ["lower odd", spoil(one, 16, 21), "16: free space from 21 to 492 in a page of 512 bytes"],
    ["lower small", spoil(one, 16, 2), "16: free space from 2 to 492 in a page of 512 bytes"],
    ["upper large", spoil(one, 18, 2, 2), "16: free space from 22 to 514 in a page of 512 bytes"],
    ["slot", spoil(one, 20, 0, 0), `20: item 0: its slot says 0, outside the items (${at} to 512)`],
    [
      "slot at the end",
      spoil(one, 20, 0xff, 1),
      `20: item 0: its slot says 511, outside the items (${at} to 512)`,
    ],
    ["key size", spoil(one, at, 0, 1), `${at}: item 0: key 256 and value 5 bytes run out of the page`],
    ["flags", spoil(one, at + 8, 4), `${at + 8}: item 0: unknown flags 4`],
    ["reference", spoil(one, at + 8, 1), `${at + 12}: item 0: a reference of 5 bytes instead of 8`],
  ])("of %s is found", (_what, page, damage) => {
    expect(damagesOf([maker.meta(), page], 1)).toContain(damage)
  })

  it("of the meta page is found", () => {
    const meta = maker.meta(9, 0x21)
    const pages = [spoil(spoil(spoil(meta, 0, 0), 4, 2), 8, 1), LEAF]
    expect(damagesOf(pages, 0)).toEqual([
      "0: magic 340224: expected 340322",
      "4: version 2: expected 3",
      "8: pagesize 513: not possible",
      "12: free 9: the file has pages 0 to 1",
      "20: flags 33: unknown bits",
    ])
  })

  it("of a child or a chain is found", () => {
    const root = maker.tree(1, [
      { key: "", child: 1 },
      { key: maker.reference(8, 10), child: 2, flags: 2 },
    ])
    expect(damagesOf([maker.meta(), root, maker.tree(2, [])], 1)).toEqual([
      "504: item 0: child 1; the file has pages 2 to 2",
      "489: item 1: overflow page 8; the file has pages 2 to 2",
    ])
    const leaf = maker.tree(1, [{ key: "k", value: maker.reference(2, 99_999), flags: 1 }])
    expect(damagesOf([maker.meta(), leaf, CHAIN[0]], 1)).toEqual([
      "506: item 0: 99999 bytes on overflow pages, more than the file has",
    ])
  })

  it("of any kind is survived", () => {
    const bytes = fc.uint8Array({ minLength: PAGESIZE * 3, maxLength: PAGESIZE * 4 })
    const hits = fc.array(fc.tuple(fc.nat(SOUND.length * PAGESIZE - 1), fc.nat(255)), { maxLength: 20 })
    const spoilt = hits.map((list) => {
      const image = new Uint8Array(Buffer.concat(SOUND))
      for (const [offset, byte] of list) image[offset] = byte
      return image
    })
    fc.assert(
      fc.property(fc.oneof(bytes, spoilt), (image) => {
        withFile([image], (file) => {
          const census = takeCensus(file)
          for (let pgno = 0; pgno < file.pages; pgno++) {
            expect(
              drawPage(decodePage(file, pgno, census.isFree(pgno)), file.pages, true).length,
            ).toBeGreaterThan(5)
            expect(census.ownerOf(pgno)).not.toBe("")
          }
        })
      }),
      { numRuns: 300 },
    )
  })
})

describe("a census", () => {
  const ownersOf = (pages: Uint8Array[]) =>
    withFile(pages, (file) => {
      const census = takeCensus(file)
      return Array.from({ length: file.pages }, (_, pgno) => census.ownerOf(pgno))
    })

  it("tells what each page belongs to", () => {
    const leak = maker.overflow(5, "")
    expect(ownersOf([...SOUND, leak])).toEqual([
      "the file",
      "the root",
      "value of page 1 item 2",
      "value of page 1 item 2",
      "free list, place 0",
      "nobody",
    ])
  })

  it("lets a key chain be shared by a leaf and an internal page", () => {
    const big = { key: maker.reference(4, 300), flags: 2 }
    const root = maker.tree(1, [
      { key: "", child: 2 },
      { ...big, child: 3 },
    ])
    const pages = [maker.meta(), root, maker.tree(2, []), maker.tree(3, [{ ...big, value: "v" }])]
    const owners = ownersOf([...pages, maker.overflow(4, "k".repeat(300))])
    expect(owners.slice(2)).toEqual(["page 1 item 0", "page 1 item 1", "key of page 3 item 0"])
  })

  it("names both owners of a page, and does not go round", () => {
    const root = maker.tree(1, [
      { key: "", child: 2 },
      { key: "m", child: 2 },
    ])
    const pages = [maker.meta(2), root, spoil(maker.tree(2, []), 8, 2)]
    expect(ownersOf(pages).slice(2)).toEqual(["free list, place 0, and also page 1 item 1"])
  })

  it("measures how full the leaves are", () => {
    withFile(SOUND, (file) => {
      const { leafBytes, leafBytesUsed } = takeCensus(file)
      expect([leafBytes, leafBytesUsed]).toEqual([492, 6 + 16 + 16 + 20])
    })
  })
})

describe("a raw file", () => {
  it("needs a page size that is possible", () => {
    expect(messageOf(() => openRaw(folder.file("foreign", "hello")))).toContain("no magic number")
    const odd = spoil(maker.meta(), 8, 1)
    expect(messageOf(() => openRaw(folder.file("odd", odd)))).toBe(
      "page 0, offset 8: page size 513 is not possible",
    )
    expect(openRaw(folder.file("empty"))).toBeUndefined()
    expect(messageOf(() => openRaw(folder.at("missing")))).toContain("no such file")
  })
})

describe("a preview", () => {
  it("is text or hex, cut where long", () => {
    expect(preview(latin1('a"b'))).toBe('"a\\"b"')
    expect(preview(latin1("x".repeat(33)))).toBe(`"${"x".repeat(32)}"... (33 bytes)`)
    expect(preview(latin1("\0\x01"))).toBe("hex:0001")
    expect(preview(latin1("\0".repeat(13)))).toBe(`hex:${"00".repeat(12)}... (13 bytes)`)
  })

  it("in hex folds equal lines and shows the last", () => {
    expect(hexLines(latin1(`${"\0".repeat(64)}end`))).toEqual([
      "     0  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................",
      "*",
      "    64  65 6e 64                                         end",
    ])
  })
})
