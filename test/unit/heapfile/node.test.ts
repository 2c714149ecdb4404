/**
 * Goal: nodes and node lists are encoded as FORMAT.md says, whatever is missing; flags follow what is set; lengths are those of the encoded
 * bytes; converters give back what they were given. Method: bytes by hand, every limit from both sides.
 */
import { describe, expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { hex } from "../../support/btcore.ts"

const {
  BTreeCoreFile,
  F_DATA,
  F_INNER,
  F_INNER_RIGHTMOST,
  F_KEY,
  F_LEAF,
  F_LEAF_SET,
  F_LEFT,
  F_RIGHT,
  HeapFile,
  Node,
  NodeList,
} = heapfile
const { complex, float, integer, raw, text } = heapfile.converters

const leaf = (key: string, data = "data") => new Node({ leaf: true, key, data })

describe("a node", () => {
  it.each<[heapfile.NodeOptions, number]>([
    [{}, 0],
    [{ key: "k" }, F_KEY],
    [{ key: "k", left: 1 }, F_INNER],
    [{ key: "k", left: 1, right: 2 }, F_INNER_RIGHTMOST],
    [{ leaf: true, key: "k", data: "d" }, F_LEAF_SET],
    [{ key: "k", data: "d" }, F_KEY | F_DATA],
    [{ leaf: true, key: "k" }, F_LEAF | F_KEY],
    [{ flags: 0xe0, key: "k" }, 0xe0 | F_KEY],
    [{ key: "" }, F_KEY],
  ])("%j has the flags %i", (options, flags) => {
    const node = new Node(options)
    expect(node.flags).toBe(flags)
    expect(Node.fromBytes(node.toBytes()).node.flags).toBe(flags)
  })

  it("has its parts in order", () => {
    const node = new Node({
      leaf: true,
      key: "k".repeat(0x123),
      data: "d".repeat(0x456),
      left: 0x0102030405,
      right: 6,
    })
    const bytes = hex(node.toBytes()) as string
    expect(bytes.slice(0, 8)).toBe("1f142356")
    expect(bytes.slice(-32)).toBe("00000001020304050000000000000006")
    expect(bytes.length / 2).toBe(4 + 0x123 + 0x456 + 16)
  })

  it("changes its flags with its parts", () => {
    const node = leaf("k")
    node.setLeft(5)
    node.setRight(6)
    expect(node.flags).toBe(31)
    node.setData(undefined, false)
    expect(node.flags).toBe(F_LEAF | F_KEY | F_LEFT | F_RIGHT)
    node.setData("d")
    node.setData(undefined)
    node.setKey(undefined)
    node.setLeft(0)
    node.setRight(0)
    expect(node.flags).toBe(0)
    node.setFlags(0xe1, 0xff)
    expect([node.flags, hex(node.toBytes())]).toEqual([0xe1, "e1"])
  })

  it("takes 4095 bytes as they are encoded, and no more", () => {
    const most = new Node({ leaf: true, key: "k".repeat(4095), data: new Uint8Array(4095) })
    const { node } = Node.fromBytes(most.toBytes())
    expect([node.key.length, node.data.length]).toEqual([4095, 4095])
    expect(() => new Node({ key: "k".repeat(4096) })).toThrow(
      "EINVAL: the key has 4096 bytes, at most 4095 fit",
    )
    // 2,000 characters of three bytes: the originals wrote a length that was wrong.
    expect(() => leaf("k", "\u20ac".repeat(2000))).toThrow(
      "EINVAL: the data has 6000 bytes, at most 4095 fit",
    )
    const converted = new Node({ key: ["any value"] })
    const wide = { encode: () => new Uint8Array(4096), decode: (bytes: Uint8Array) => bytes }
    expect(() => converted.toBytes(wide)).toThrow("EINVAL: the key has 4096 bytes")
  })

  it("is refused when its flags and its parts do not agree", () => {
    const node = leaf("k")
    node.key = undefined
    expect(() => node.toBytes()).toThrow("EINVAL: the key is missing, the node's flags (7) ask for it")
    node.setKey("k")
    node.flags = F_KEY
    expect(() => node.toBytes()).toThrow("EINVAL: the data is there, the node's flags (2) leave it out")
    const other = new Node({ key: "k" })
    other.left = 5
    expect(() => other.toBytes()).toThrow("EINVAL: left is 5, the node's flags (2) leave it out")
    for (const wrong of [-1, 1.5, 2 ** 53, "5"])
      expect(() => other.setRight(wrong as number)).toThrow("EINVAL: right is")
    expect(() => new Node({ key: 5 }).toBytes()).toThrow("EINVAL: the key is number, not Uint8Array")
  })
})

describe("a node list", () => {
  it("keeps the order of its keys, equal ones as they came", () => {
    const list = new NodeList(7)
    for (const [key, data] of [
      ["b", "1"],
      ["a", "2"],
      ["b", "3"],
      ["c", "4"],
      ["b", "5"],
    ])
      list.insert(leaf(key as string, data))
    expect([list.keys().join(""), list.values().join("")]).toEqual(["abbbc", "21354"])
    expect([list.findKey("b"), list.findKey("d"), list.has("c"), list.has("d")]).toEqual([1, -1, true, false])
    expect(list.removeKey("b").data).toBe("1")
    expect(() => list.removeKey("x")).toThrow("EINVAL: the key is not in the list")
    expect(list.pop().key).toBe("c")
    expect(list.pop(0).key).toBe("a")
    expect(() => list.pop(2)).toThrow("EINVAL: no node 2 in a list of 2")
    expect(list.sliced(1).values()).toEqual(["5"])
    expect(list.indexOf(leaf("b", "5"))).toBe(1)
    list.clear()
    expect([list.length, list.parent]).toEqual([0, 7])
  })

  it("orders numbers by size, and sees leaves only in has, keys and values", () => {
    const list = new NodeList()
    for (const key of [10, 9, 100]) list.insert(new Node({ key, data: key }))
    list.insert(new Node({ leaf: true, key: 50, data: 50 }))
    expect(list.nodes.map(({ key }) => key)).toEqual([9, 10, 50, 100])
    expect([list.keys(), list.has(50), list.has(9)]).toEqual([[50], true, false])
  })

  it("has 255 nodes at most", () => {
    const list = new NodeList()
    for (let i = 0; i < 255; i++) list.insert(leaf("k"))
    expect(() => list.insert(leaf("k"))).toThrow("EINVAL: 256 nodes are too many for a list: 255 fit")
    expect(() => list.join(list)).toThrow("EINVAL: 510 nodes")
    expect(NodeList.fromBytes(list.toBytes()).length).toBe(255)
    list.nodes.push(leaf("k"))
    expect(() => list.toBytes()).toThrow("EINVAL: 256 nodes")
  })
})

describe("a list in a file", () => {
  const open = (options?: heapfile.BTreeCoreOptions) =>
    new BTreeCoreFile(new HeapFile(new MemoryStream()), options)

  it.each<[string, () => heapfile.Node]>([
    ["leaves", () => leaf("k".repeat(32), "d".repeat(32))],
    ["inner ones", () => new Node({ key: "k".repeat(32), left: 1, right: 2 })],
  ])("has room for 16 full %s, the originals' for 15", (_what, make) => {
    const core = open()
    const made = core.createEmptyList()
    for (let i = 0; i < 16; i++) made.list.insert(make())
    core.writeList(made)
    expect(core.readList(made.element.link)?.list.length).toBe(16)
    expect([made.node.aloc, core.listSize]).toEqual([1112, 1112])
  })

  it("has room for what the options say, links that are larger than data included", () => {
    const core = open({ keysPerNode: 3, keySize: 4, dataSize: 0, linkSize: 2 })
    const made = core.createEmptyList()
    for (let i = 0; i < 3; i++) made.list.insert(new Node({ key: "four", left: 1, right: 2 }))
    core.writeList(made)
    expect(made.node.used).toBe(made.node.aloc)
    made.list.insert(leaf("x"))
    expect(() => core.writeList(made)).toThrow("EINVAL: the element takes")
    for (const wrong of [{ keysPerNode: 256 }, { keySize: 4096 }, { dataSize: -1 }, { linkSize: 9 }])
      expect(() => open(wrong)).toThrow(`EINVAL: ${Object.keys(wrong)[0]} is`)
  })

  it("is read again with links of four bytes", () => {
    const core = open({ linkSize: 4 })
    const made = core.createEmptyList()
    made.list.parent = 77
    made.list.insert(new Node({ key: "k", left: 5 }))
    core.writeList(made)
    const read = core.readList(made.element.link)
    expect([read?.list.equals(made.list), read?.list.parent]).toEqual([true, 77])
    expect(core.readList(100_000)).toBeUndefined()
  })
})

describe("a converter", () => {
  it.each<[string, heapfile.Converter, unknown]>([
    ["unsigned integers", integer(), 0],
    ["unsigned integers", integer(), 9007199254740991],
    ["unsigned integers", integer(), "18446744073709551615"],
    ["signed integers", integer(true), -9007199254740991],
    ["signed integers", integer(true), "-9223372036854775807"],
    ["signed integers", integer(true), "9223372036854775807"],
    ["floats", float(), -0.1],
    ["single floats", float(true), 0.375],
    ["complex numbers", complex(true), { real: 1.5, imaginary: -2 }],
    ["text", text(), "h\u00e9llo \u20ac \ud83d\ude00"],
    ["bytes", raw(), Uint8Array.from([0, 255])],
  ])("gives back %s: %#", (_what, converter, value) => {
    expect(converter.decode(converter.encode(value))).toEqual(value)
  })

  it("takes a BigInt and a large double as they are", () => {
    expect(hex(integer().encode(2n ** 64n - 1n))).toBe("ffffffffffffffff")
    expect(hex(integer().encode(2 ** 63))).toBe("0000000000000080")
    expect(integer(true).decode(integer(true).encode(-(2 ** 63)))).toBe("-9223372036854775808")
  })

  it.each<[heapfile.Converter, unknown, string]>([
    [integer(), -1, "-1 does not fit eight bytes without a sign"],
    [integer(), "18446744073709551616", "does not fit eight bytes without a sign"],
    [integer(), 2 ** 64, "does not fit eight bytes without a sign"],
    [integer(true), "9223372036854775808", "does not fit eight bytes with a sign"],
    [integer(true), "-9223372036854775809", "does not fit eight bytes with a sign"],
    [integer(), 1.5, "1.5 is not a whole number"],
    [integer(), Number.NaN, "NaN is not a whole number"],
    [integer(), "12x", '"12x" is not a whole number'],
    [integer(), "", '"" is not a whole number'],
    [float(), "1", "string is not a number"],
    [text(), 5, "number is not a string"],
    [raw(), "text", "string is not a Uint8Array"],
  ])("refuses what it cannot encode: %#", (converter, value, message) => {
    expect(() => converter.encode(value)).toThrow(/^EINVAL: /)
    expect(() => converter.encode(value)).toThrow(message)
  })

  it("refuses what it cannot decode", () => {
    for (const converter of [integer(), float(), float(true), complex()])
      expect(() => converter.decode(new Uint8Array(5))).toThrow("EINVAL: 5 bytes, expected")
    expect(() => text().decode(Uint8Array.from([0xc3]))).toThrow("EINVAL: the bytes are no UTF-8")
  })
})
