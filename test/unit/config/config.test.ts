/**
 * Goal: settings keep their types, defaults, version and order of changes; several changes are one flush, and a cut leaves all or none.
 * Method: each promise by itself; then a configuration on a real volume against a plain object, with cuts (fast-check).
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { btree, constant, flash, MemoryStream } from "../../../hosts/node/index.ts"
import { PowerCut, SimulatedFlash } from "../../../hosts/node/node.ts"
import * as config from "../../../src/config/index.ts"
import { encodeText } from "../../../src/values/index.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })
const makeTree = () => btree.open(new MemoryStream())

describe("types", () => {
  it("come back as they were set", () => {
    const settings = config.open(makeTree())
    settings.set("wifi/ssid", "home")
    settings.set("wifi/retries", 3)
    settings.set("wifi/on", true)
    settings.set("pins", { led: 2, keys: [4, 5] })
    settings.set("nothing", null)
    expect(settings.getString("wifi/ssid")).toBe("home")
    expect(settings.getNumber("wifi/retries")).toBe(3)
    expect(settings.getBoolean("wifi/on")).toBe(true)
    expect(settings.getJSON("pins")).toEqual({ led: 2, keys: [4, 5] })
    expect(settings.getJSON("nothing")).toBe(null)
    expect(settings.getString("wifi/retries")).toBe("3")
    expect(settings.getString("pins")).toBe('{"led":2,"keys":[4,5]}')
    expect(settings.getString("absent")).toBeUndefined()
    expect(settings.getNumber("absent")).toBeUndefined()
    expect(settings.getBoolean("absent")).toBeUndefined()
    expect(settings.getJSON("absent")).toBeUndefined()
  })

  it("that are not asked for are refused, with key and value", () => {
    const settings = config.open(makeTree())
    settings.set("name", "abc")
    settings.set("empty", "")
    for (const key of ["name", "empty"]) {
      expect(() => settings.getNumber(key)).toThrow(code("EINVAL"))
      expect(() => settings.getBoolean(key)).toThrow(code("EINVAL"))
      expect(() => settings.getJSON(key)).toThrow(code("EINVAL"))
    }
    expect(() => settings.getNumber("name")).toThrow(/name is abc/)
    for (const number of [Number.NaN, Infinity])
      expect(() => settings.set("n", number)).toThrow(/JSON has no/)
    settings.set("text of a number", "12")
    expect(settings.getNumber("text of a number")).toBe(12)
  })

  it.each([[""], ["\0version"], [5 as unknown as string]])("refuse the key %j", (key) => {
    const settings = config.open(makeTree())
    expect(() => settings.set(key, 1)).toThrow(code("EINVAL"))
    expect(() => settings.getString(key)).toThrow(code("EINVAL"))
  })
})

describe("defaults", () => {
  const defaults = { "wifi/ssid": "factory", "wifi/retries": 5, debug: false, pins: { led: 1 } }

  it("hold until a key is set, and again when it is set to undefined", () => {
    const settings = config.open(makeTree(), { defaults })
    expect(settings.getString("wifi/ssid")).toBe("factory")
    expect(settings.getNumber("wifi/retries")).toBe(5)
    expect(settings.getBoolean("debug")).toBe(false)
    expect(settings.getJSON("pins")).toBe(defaults.pins)
    for (const key of ["toString", "__proto__"]) expect(settings.getString(key)).toBeUndefined()
    settings.set("wifi/retries", 9)
    expect(settings.getNumber("wifi/retries")).toBe(9)
    settings.set("wifi/retries", undefined)
    expect(settings.getNumber("wifi/retries")).toBe(5)
  })

  it("may be a constant table in flash, beside the settings", () => {
    const chip = new SimulatedFlash({ size: 131072 })
    const writer = new constant.TableWriter({ pagesize: 256 })
    writer.add("retries", encodeText("7"))
    writer.add("wifi/ssid", encodeText("rom"))
    writer.write(chip, { firstBlock: 16 })
    const table = new constant.Table({ pagesize: 256 })
    table.open(chip, { firstBlock: 16 })
    const tree = btree.open(flash.open(chip, { blockCount: 16 }))
    const settings = config.open(tree, { defaults: table })
    expect(settings.getString("wifi/ssid")).toBe("rom")
    expect(settings.getNumber("retries")).toBe(7)
    expect(settings.getJSON("retries")).toBe(7)
    expect(settings.getString("absent")).toBeUndefined()
    settings.set("retries", 8)
    settings.flush()
    expect(settings.getNumber("retries")).toBe(8)
    settings.reset("retries")
    expect(settings.getNumber("retries")).toBe(7)
  })
})

it("refuses by name what is no tree, an option that there is not, and what cannot be called", () => {
  expect(() => config.open(undefined as never)).toThrow(/EINVAL: not a tree/)
  expect(() => config.open(makeTree(), { default: {} } as never)).toThrow(/unknown option "default"/)
  expect(() => config.open(makeTree()).onChange("a", undefined as never)).toThrow(code("EINVAL"))
})

describe("reset", () => {
  function filled(): { tree: btree.BTree; settings: config.Config } {
    const tree = makeTree()
    const settings = config.open(tree, { version: 1 })
    for (const key of ["wifi/a", "wifi/b", "wifi0", "wif", "x\xff", "x\xffy", "\x01"]) settings.set(key, 1)
    return { tree, settings }
  }

  it("takes the keys of a prefix, and no others", () => {
    const { tree, settings } = filled()
    expect(settings.reset("wifi/")).toBe(2)
    expect(settings.getNumber("wifi/a")).toBeUndefined()
    expect(settings.getNumber("wifi0")).toBe(1)
    expect(settings.reset("x\xff")).toBe(2)
    expect([...tree.keys()].length).toBe(4)
  })

  it("takes everything but the version", () => {
    const { tree, settings } = filled()
    expect(settings.reset()).toBe(7)
    settings.flush()
    expect([...tree.keys()].length).toBe(1)
    const migrate = () => expect.fail("the version was lost")
    config.open(tree, { version: 1, migrate })
  })
})

describe("notification", () => {
  it("tells each change of a prefix after it was made, until it is ended", () => {
    const settings = config.open(makeTree())
    const told: unknown[] = []
    const end = settings.onChange("wifi/", (key, value) => told.push([key, value, settings.getString(key)]))
    settings.onChange("", (key) => told.push(key))
    settings.set("wifi/ssid", "home")
    settings.set("other", 1)
    settings.reset("wifi/")
    end()
    end()
    settings.set("wifi/ssid", "again")
    expect(told).toEqual([
      ["wifi/ssid", "home", "home"],
      "wifi/ssid",
      "other",
      ["wifi/ssid", undefined, undefined],
      "wifi/ssid",
      "wifi/ssid",
    ])
  })

  it("goes on when a listener ends itself or another", () => {
    const settings = config.open(makeTree())
    let calls = 0
    const first = settings.onChange("", () => {
      calls++
      first()
    })
    settings.onChange("", () => calls++)
    settings.set("a", 1)
    settings.set("a", 2)
    expect(calls).toBe(3)
  })
})

describe("version", () => {
  it("is brought up to date once, from what it was", () => {
    const tree = makeTree()
    const from: number[] = []
    config.open(tree, { version: 2, migrate: (_tree, version) => from.push(version) }).set("a", 1)
    config.open(tree, { version: 2, migrate: (_tree, version) => from.push(version) })
    const settings = config.open(tree, {
      version: 4,
      migrate: (old, version) => {
        from.push(version)
        old.set("b", old.get("a") ?? "")
        old.delete("a")
      },
    })
    expect(from).toEqual([0, 2])
    expect(settings.getNumber("b")).toBe(1)
    expect(() => config.open(tree, { version: 3 })).toThrow(/version 4, this program knows 3/)
    expect(() => config.open(tree, { version: 3 })).toThrow(code("EFTYPE"))
    expect(() => config.open(tree, { version: 1.5 })).toThrow(code("EINVAL"))
    expect(config.open(tree).getNumber("b")).toBe(1)
  })

  it("and settings stay as they were when migrate() throws", () => {
    const chip = new SimulatedFlash({ size: 65536 })
    const tree = btree.open(flash.open(chip))
    config.open(tree, { version: 1 }).set("a", 1)
    tree.flush()
    const migrate = (old: btree.BTree) => {
      old.delete("a")
      throw new Error("no")
    }
    expect(() => config.open(tree, { version: 2, migrate })).toThrow("no")
    expect(config.open(tree, { version: 1 }).getNumber("a")).toBe(1)
  })
})

type Step =
  | { op: "set"; key: string; value: config.ConfigValue | undefined }
  | { op: "reset"; prefix: string }
  | { op: "flush" }
  | { op: "cut"; after: number }

const keys = fc.constantFrom("a", "a/b", "a/c", "ab", "b", "b/x/y", "ü", "z")
const values = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc
    .dictionary(fc.string(), fc.integer(), { maxKeys: 3 })
    .map((object) => JSON.parse(JSON.stringify(object)) as object),
)
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant("set" as const), key: keys, value: values }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("reset" as const), prefix: fc.constantFrom("", "a", "a/", "b") }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant("flush" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("cut" as const), after: fc.integer({ min: 0, max: 6 }) }),
  },
)

it("is a plain object, across cuts on a volume", () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 60 }), (list) => {
      let chip = new SimulatedFlash({ size: 32768 })
      let settings = config.open(btree.open(flash.open(chip)))
      let durable: Record<string, config.ConfigValue> = {}
      let now: Record<string, config.ConfigValue> = {}
      const expectThat = (expected: Record<string, config.ConfigValue>) => {
        for (const key of ["a", "a/b", "a/c", "ab", "b", "b/x/y", "ü", "z"]) {
          const value = expected[key]
          if (value === undefined || typeof value === "string") expect(settings.getString(key)).toBe(value)
          else expect(settings.getJSON(key)).toEqual(value)
        }
      }
      for (const step of list) {
        if (step.op === "set") {
          settings.set(step.key, step.value)
          now = { ...now }
          if (step.value === undefined) delete now[step.key]
          else now[step.key] = step.value
        } else if (step.op === "reset") {
          settings.reset(step.prefix)
          now = Object.fromEntries(Object.entries(now).filter(([key]) => !key.startsWith(step.prefix)))
        } else if (step.op === "flush") {
          settings.flush()
          durable = now
        } else {
          chip.cutAfter(step.after, "torn")
          let cut = false
          try {
            settings.flush()
            durable = now
            settings.set("z", "lost")
            settings.flush()
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error
            cut = true
          }
          chip = chip.reboot()
          const before = durable
          settings = config.open(btree.open(flash.open(chip)))
          const candidates = cut ? [before, now, { ...now, z: "lost" }] : [{ ...now, z: "lost" }]
          const found = candidates.find((candidate) => {
            try {
              expectThat(candidate)
              return true
            } catch {
              return false
            }
          })
          expect(found).toBeDefined()
          now = durable = found as Record<string, config.ConfigValue>
        }
        expectThat(now)
      }
    }),
    { seed: 11, numRuns: 150 },
  )
}, 120_000)
