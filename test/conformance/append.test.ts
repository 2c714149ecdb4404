/**
 * Goal: every file that the original wrote is read as what it must contain, at every one of its commits; what a cut or a damage left is
 * recovered where the original refuses; and what we write from the same operations are the same bytes, where the original is right.
 *
 * Method: the conformance files (a few in test/fixtures, all of them where the shared folder is present) are opened from memory and compared
 * with the .json beside them. Files are cut behind each commit record. Operation logs are replayed, once with the smallest cache, and compared with don't-care bytes
 * zeroed. They are the same wherever nothing is deleted; where keys were overwritten or transactions aborted, but for the counters of commit records,
 * since ours are honest and the original's are not (the record's hash covers them). Logs with deletes in trees of two or more levels have equal contents: we merge
 * pages where they fit and never move single records to a neighbour.
 */
import { describe, expect, test } from "vitest"
import * as append from "../../src/append/index.ts"
import { PREVIOUS } from "../../src/append/layout.ts"
import { isFlashtreeError, MemoryStream } from "../../src/index.ts"
import {
  type AppendFile,
  appendFiles,
  bytesOf,
  commitEnds,
  digestOf,
  masked,
  pairsOf,
  recordsOf,
  replay,
  sha256,
} from "../support/append.ts"
import { hex } from "../support/berkeley.ts"
import { firstDifference } from "../support/streams.ts"

const EINVAL = 22
const ESTALE = 116
const NONE = 0xffffffff

const files = appendFiles()
const sound = files.filter(({ name, image }) => image !== undefined && !/^(defect|bad|hole)_/.test(name))

/** The file opened read-only, with what must hold of every handle on a readable file. */
function openImage({ json }: AppendFile, image: Uint8Array): append.AppendTree {
  const flags = json.reverse_key ? append.BT_REVERSEKEY : 0
  return append.open(new MemoryStream(image), { flags: flags | append.BT_RDONLY })
}

function codeOf(action: () => unknown): string {
  try {
    action()
    return "no error"
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
}

function expectContents(file: AppendFile, tree: append.AppendTree): void {
  const { json } = file
  const records = recordsOf(tree)
  expect(records.length).toBe(json.items)
  expect(digestOf(records)).toBe(json.items_digest)
  if (json.contents !== undefined) expect(pairsOf(tree)).toEqual(json.contents)
  for (const [key, value] of records) expect(hex(tree.get(key) as Uint8Array)).toBe(hex(value))
  const back: [Uint8Array, Uint8Array][] = []
  const cursor = tree.cursor()
  for (let on = cursor.last(); on; on = cursor.previous()) back.push([cursor.key(), cursor.value()])
  expect(digestOf(back.reverse())).toBe(json.items_digest)
  expect(tree.check()).toEqual([])
}

test("there are files", () => expect(sound.length).toBeGreaterThanOrEqual(7))

describe("contents", () => {
  test.each(sound.map((file) => [file.name, file] as const))("%s", (_, file) => {
    const image = file.image as Uint8Array
    if (file.json.open.errno === ESTALE) {
      expect(codeOf(() => openImage(file, image))).toBe("ESTALE")
      return
    }
    const tree = openImage(file, image)
    expectContents(file, tree)
    const { shape_counted: shape, metas } = file.json
    const stat = tree.stat()
    expect(stat.pagesize).toBe(file.json.page_size)
    // A length, whatever the file's own counter says.
    expect(stat.entries).toBe(file.json.items)
    if (shape !== undefined && file.json.open.ok) {
      const { branchPages, leafPages, depth, overflowPages } = stat
      expect([branchPages, leafPages, overflowPages, depth]).toEqual([
        shape.branch,
        shape.leaf,
        shape.overflow,
        shape.depth,
      ])
    }
    const newest = metas?.at(-1)
    if (newest !== undefined) expect(stat.revisions).toBe(newest.revisions)
  })
})

describe("each commit, by cutting the file behind its record", () => {
  const many = sound.filter(({ json }) => (json.revisions ?? []).length > 0)
  test.each(many.map((file) => [file.name, file] as const))("%s", (_, file) => {
    const image = file.image as Uint8Array
    const revisions = file.json.revisions ?? []
    const ends = commitEnds(image, file.json.page_size as number)
    // Where there are too many, those named are the first of them, or some.
    if (ends.length !== revisions.length) expect(ends.length).toBeGreaterThan(revisions.length)
    const digests = ends.map((end) => {
      const records = recordsOf(openImage(file, image.subarray(0, end)))
      return `${records.length} ${digestOf(records)}`
    })
    if (ends.length === revisions.length)
      expect(digests).toEqual(revisions.map(({ items, digest }) => `${items} ${digest}`))
    for (const { items, digest } of revisions) expect(digests).toContain(`${items} ${digest}`)
  })
})

describe("each commit, by reverting the one behind it", () => {
  const many = sound.filter(({ json }) => (json.revisions ?? []).length > 0)
  test.each(many.map((file) => [file.name, file] as const))("%s", (_, file) => {
    const image = file.image as Uint8Array
    const ends = commitEnds(image, file.json.page_size as number)
    const stream = new MemoryStream(image)
    const tree = append.open(stream, { flags: file.json.reverse_key ? append.BT_REVERSEKEY : 0 })
    for (let i = ends.length - 1; i >= 0; i--) {
      const cut = openImage(file, image.subarray(0, ends[i]))
      expect(digestOf(recordsOf(tree))).toBe(digestOf(recordsOf(cut)))
      // A compacted file has one commit, whose record names one before.
      if (i === 0 && tree._record[PREVIOUS] !== NONE) expect(codeOf(() => tree.revert())).toBe("EINVAL")
      else tree.revert()
      if (i > 0) expect(stream.size()).toBe(ends[i - 1])
    }
  })
})

describe("what the original refuses, or cannot read", () => {
  test.each(files.filter(({ name }) => name.startsWith("bad_")).map((file) => [file.name, file] as const))(
    "%s is another file",
    (_, file) => {
      expect(file.json.open.errno).toBe(EINVAL)
      expect(codeOf(() => openImage(file, file.image as Uint8Array))).toBe("EFTYPE")
    },
  )

  test.each(files.filter(({ name }) => name.startsWith("hole_")).map((file) => [file.name, file] as const))(
    "%s opens at the newest commit whose pages are there, and says so",
    (_, file) => {
      const tree = openImage(file, file.image as Uint8Array)
      const revisions = files.find(({ name }) => name === "revisions")?.json.revisions ?? []
      const { givenUpCommits, givenUpBytes } = tree.stat()
      expect(givenUpCommits).toBe(1)
      expect(givenUpBytes).toBeGreaterThan(0)
      expect(digestOf(recordsOf(tree))).toBe(revisions.at(-2)?.digest)
      expect(tree.check()).toEqual([])
    },
  )

  test.each(sound.filter(({ name }) => /^(tail|torn)_/.test(name)).map((file) => [file.name, file] as const))(
    "%s: what was given up is told, and a commit goes behind it",
    (_, file) => {
      const image = file.image as Uint8Array
      const pagesize = file.json.page_size as number
      const stream = new MemoryStream(image)
      const tree = append.open(stream)
      const end = commitEnds(image, pagesize).at(-1) as number
      expect(tree.stat().givenUpBytes).toBe(image.length - end)
      tree.put("one more", "value")
      // Whole pages stay; one that is cut short makes room.
      const whole = image.length - (image.length % pagesize)
      expect(firstDifference(stream.bytes().subarray(0, whole), image.subarray(0, whole))).toBe(-1)
      const again = append.open(new MemoryStream(stream.bytes()))
      expect(again.stat().givenUpBytes).toBe(0)
      expect(recordsOf(again).length).toBe((file.json.items as number) + 1)
      expect(again.check()).toEqual([])
    },
  )
})

describe("the same operations", () => {
  const logs = files.filter(({ name, json }) => json.ops !== undefined && !name.startsWith("defect_"))
  const kinds = logs.map((file) => {
    const ops = file.json.ops ?? []
    const keys = ops.filter(([what]) => what === "put").map(([, key]) => key)
    const hasDeletes = ops.some(([what]) => what === "del")
    const isHonest = new Set(keys).size === keys.length && !ops.some(([what]) => what === "abort")
    return { file, hasDeletes, isHonest }
  })

  test.each(kinds.map((kind) => [kind.file.name, kind] as const))(
    "%s",
    (_, { file: { json, image }, hasDeletes, isHonest }) => {
      const pagesize = json.page_size as number
      for (const cachesize of [undefined, 0]) {
        const stream = replay(json, cachesize)
        const ours = stream.bytes()
        const tree = append.open(stream)
        expect(digestOf(recordsOf(tree))).toBe(json.items_digest)
        expect(tree.check()).toEqual([])
        // Pages that have to leave the smallest cache get another number when they are changed again.
        if (cachesize === 0 && stream.size() !== json.size) continue
        if (isHonest && !hasDeletes) expect(sha256(masked(ours, pagesize))).toBe(json.sha256_masked)
        else if (!hasDeletes && image !== undefined)
          expect(sha256(masked(ours, pagesize, true))).toBe(sha256(masked(image, pagesize, true)))
      }
    },
  )

  test("which logs give the original's bytes, and which do not", () => {
    const found: Record<string, string[]> = {
      "the same bytes": [],
      "but for counters": [],
      "other pages": [],
    }
    for (const { file, hasDeletes, isHonest } of kinds) {
      const { name, json, image } = file
      const pagesize = json.page_size as number
      const ours = replay(json).bytes()
      const isSame = sha256(masked(ours, pagesize)) === json.sha256_masked
      const isNearly =
        isSame ||
        (image !== undefined &&
          sha256(masked(ours, pagesize, true)) === sha256(masked(image, pagesize, true)))
      // Only keys put twice and aborts may change counters, only deletes may change pages.
      expect([name, isSame || !isHonest || hasDeletes]).toEqual([name, true])
      expect([name, isNearly || hasDeletes || image === undefined]).toEqual([name, true])
      found[isSame ? "the same bytes" : isNearly ? "but for counters" : "other pages"]?.push(name)
    }
    for (const [how, names] of Object.entries(found)) console.log(`${how}: ${names.join(", ")}`)
    expect(found["the same bytes"]?.length).toBeGreaterThan(kinds.length / 2)
    // Deletes that leave pages more than a quarter full, or empty a tree of one level, change nothing either.
    const named = kinds.map(({ file }) => file.name)
    for (const name of ["refilled"]) if (named.includes(name)) expect(found["the same bytes"]).toContain(name)
    for (const name of ["revisions"])
      if (named.includes(name)) expect(found["but for counters"]).toContain(name)
  })
})

describe("operations that the original gets wrong", () => {
  const defects = files.filter(({ name }) => name.startsWith("defect_"))
  test.each(defects.map((file) => [file.name, file] as const))("%s", (_, { json }) => {
    const expected = json.expected ?? json.contents
    const pagesize = json.page_size as number
    for (const isOne of [true, false]) {
      const stream = new MemoryStream()
      const tree = append.open(stream, { pagesize })
      const txn = isOne ? tree.begin() : undefined
      for (const [what, key, value] of json.ops as string[][]) {
        if (what === "put") (txn ?? tree).put(bytesOf(key as string), bytesOf(value as string))
        else if ((txn ?? tree).delete(bytesOf(key as string)) !== true) throw new Error(`${key} is not there`)
      }
      txn?.commit()
      expect(pairsOf(append.open(stream))).toEqual(expected)
      expect(tree.check()).toEqual([])
      expect(tree.stat().entries).toBe(expected?.length)
    }
  })
})
