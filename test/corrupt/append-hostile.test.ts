/**
 * Goal: a hostile file ends in an error without a crash or a hang, whatever is done with it. Method: files made by hand, page by page, around a commit record
 * that is right: circles, children that are not there, keys out of order, many levels, many ways to one page. Each is scanned, looked up, written, compacted, counted, reverted
 * and checked under a deadline; check() has findings. A sound file by the same hands is sound.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../src/append/index.ts"
import { isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { withDeadline } from "../property/model.ts"
import { masked, recordsOf } from "../support/append.ts"
import { Maker } from "../support/append-maker.ts"

const clock = () => 1_700_000_000

const HOSTILE: [string, () => Maker][] = [
  [
    "a child that is the page itself",
    () =>
      new Maker(3)
        .page(1, 1, [
          ["", 1],
          ["b", 2],
        ])
        .page(2, 2, [["b", 0, "x"]]),
  ],
  [
    "a circle of two pages",
    () =>
      new Maker(4)
        .page(1, 1, [
          ["", 2],
          ["b", 3],
        ])
        .page(2, 1, [
          ["", 1],
          ["a", 3],
        ])
        .page(3, 2, [["b", 0, "x"]]),
  ],
  [
    "a child beyond the end",
    () =>
      new Maker(3)
        .page(1, 1, [
          ["", 2],
          ["b", 900],
        ])
        .page(2, 2, [["a", 0, "x"]]),
  ],
  [
    "a child 0xffffffff",
    () =>
      new Maker(3)
        .page(1, 1, [
          ["", 2],
          ["b", 0xffffffff],
        ])
        .page(2, 2, [["a", 0, "x"]]),
  ],
  [
    "a child that is the first page",
    () =>
      new Maker(3)
        .page(1, 1, [
          ["", 0],
          ["b", 2],
        ])
        .page(2, 2, [["b", 0, "x"]]),
  ],
  [
    "the same child twice",
    () =>
      new Maker(3)
        .page(1, 1, [
          ["", 2],
          ["b", 2],
        ])
        .page(2, 2, [["a", 0, "x"]]),
  ],
  [
    "separators out of order",
    () =>
      new Maker(4)
        .page(1, 1, [
          ["", 2],
          ["c", 3],
          ["b", 3],
        ])
        .page(2, 2, [["a", 0, "x"]])
        .page(3, 2, [["d", 0, "x"]]),
  ],
  [
    "keys out of order",
    () =>
      new Maker(2).page(1, 2, [
        ["b", 0, "x"],
        ["a", 0, "x"],
      ]),
  ],
  [
    "the same key twice",
    () =>
      new Maker(2).page(1, 2, [
        ["a", 0, "x"],
        ["a", 0, "y"],
      ]),
  ],
  [
    "an empty key",
    () =>
      new Maker(2).page(1, 2, [
        ["", 0, "x"],
        ["a", 0, "y"],
      ]),
  ],
  ["an internal page without items", () => new Maker(2).page(1, 1, [])],
  [
    "keys beyond the page's separator",
    () =>
      new Maker(4)
        .page(1, 1, [
          ["", 2],
          ["b", 3],
        ])
        .page(2, 2, [["z", 0, "x"]])
        .page(3, 2, [["c", 0, "x"]]),
  ],
  [
    "3,000 levels",
    () => {
      const maker = new Maker(3002)
      for (let page = 1; page <= 3000; page++) maker.page(page, 1, [["", page + 1]])
      return maker.page(3001, 2, [["a", 0, "x"]])
    },
  ],
  [
    "20 levels, each with 20 times the same child",
    () => {
      const maker = new Maker(22)
      for (let page = 1; page <= 20; page++) {
        const items = Array.from({ length: 20 }, (_, i): [string, number] => [
          i === 0 ? "" : String.fromCharCode(0x60 + i),
          page + 1,
        ])
        maker.page(page, 1, items)
      }
      return maker.page(21, 2, [])
    },
  ],
]

describe("hostile files end in an error", () => {
  it.each(HOSTILE)("%s", (_, make) => {
    const image = make().file()
    const uses: ((tree: append.AppendTree) => unknown)[] = [
      (tree) => recordsOf(tree),
      (tree) => {
        const cursor = tree.cursor()
        for (let on = cursor.last(); on; on = cursor.previous());
      },
      (tree) => tree.get("a"),
      (tree) => tree.put("bb", "x"),
      (tree) => tree.delete("a"),
      (tree) => tree.compact(new MemoryStream()),
      (tree) => tree.stat(),
      (tree) => tree.revert(),
    ]
    const hangs: number[] = []
    for (const [i, use] of uses.entries()) {
      try {
        withDeadline(5000, () => use(append.open(new MemoryStream(image), { clock })))
      } catch (error) {
        if (!isFlashtreeError(error)) hangs.push(i)
      }
    }
    expect(hangs).toEqual([])
    let findings: unknown[]
    try {
      findings = withDeadline(5000, () => append.open(new MemoryStream(image), { clock }).check())
    } catch (error) {
      if (!isFlashtreeError(error)) throw error
      findings = [error]
    }
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.length).toBeLessThan(2000)
  })

  it("but a sound one by the same hands is sound", () => {
    const image = new Maker(4)
      .page(1, 1, [
        ["", 2],
        ["b", 3],
      ])
      .page(2, 2, [["a", 0, "x"]])
      .page(3, 2, [["c", 0, "x"]])
      .file()
    const tree = append.open(new MemoryStream(image))
    expect(recordsOf(tree).length).toBe(2)
    // The counters are those of the record that was taken.
    expect(tree.check().map(({ message }) => message)).toEqual(["counters 1,0,1,0,1, found 2,1,2,0,2"])
  })

  it("and a child pointer beyond the end does not begin an empty tree", () => {
    const image = new Maker(3)
      .page(1, 1, [
        ["", 2],
        ["b", 900],
      ])
      .page(2, 2, [["a", 0, "x"]])
      .file()
    const stream = new MemoryStream(image)
    expect(() => append.open(stream).put("c", "x")).toThrow(/^ECORRUPT/)
    expect(masked(stream.bytes(), 512)).toEqual(masked(image, 512))
  })
})
