/**
 * Goal: the modules "config" and "values", as they are flashed to a board, do there what they do under Node. Method: in a realm without
 * what Espruino lacks, settings are set, read, reset and told of, reopened; and every kind of key is encoded as Node encodes it.
 */
import { expect, it } from "vitest"
import * as values from "../../../src/values/index.ts"
import { plain, Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

it("config keeps types, defaults and versions", () => {
  const realm = new Realm()
  const stream = new Stream(new Uint8Array(0), true)
  const tree = realm.require("btree").open(stream, {})
  const settings = realm.require("config").open(tree, { version: 2, defaults: { retries: 5 } })
  const told: unknown[] = []
  settings.onChange("wifi/", (key: string, value: unknown) => told.push([key, value]))
  expect(settings.getNumber("retries")).toBe(5)
  settings.set("retries", 7.5)
  settings.set("wifi/ssid", "h\xf6me")
  settings.set("wifi/on", true)
  settings.set("pins", { led: [1, 2] })
  settings.flush()
  expect(settings.getNumber("retries")).toBe(7.5)
  expect(settings.getBoolean("wifi/on")).toBe(true)
  expect(settings.getString("wifi/ssid")).toBe("h\xf6me")
  expect(settings.getJSON("pins").led[1]).toBe(2)
  expect(() => settings.getNumber("wifi/ssid")).toThrow(/EINVAL/)
  expect(() => settings.getJSON("wifi/ssid")).toThrow(/EINVAL/)
  expect(settings.reset("wifi/")).toBe(2)
  expect(told).toEqual([["wifi/ssid", "h\xf6me"], ["wifi/on", true], ["wifi/on", undefined], ["wifi/ssid", undefined]]) // biome-ignore format: one line
  settings.flush()
  tree.close()
  const again = realm.require("btree").open(stream, {})
  expect(() => realm.require("config").open(again, { version: 1 })).toThrow(/EFTYPE.*version 2/)
  const reopened = realm.require("config").open(again, { version: 2 })
  expect(reopened.getNumber("retries")).toBe(7.5)
  expect(reopened.getString("wifi/ssid")).toBeUndefined()
})

it("values encodes keys as under Node, and decodes them", () => {
  const realm = new Realm()
  const there = realm.require("values")
  const numbers = [0, 1, -1, 255, 1e9, -1e9, 0.1, -0.1, 1e300, Number.MAX_SAFE_INTEGER]
  for (const number of numbers) {
    expect(plain(there.f64(number))).toEqual(values.f64(number))
    expect(there.decodeF64(there.f64(number))).toBe(number)
    const items = [number, "text", null, true, false]
    expect(plain(there.tuple(items))).toEqual(values.tuple(items))
    expect(Array.from(there.decodeTuple(there.tuple(items)))).toEqual(items)
    if (Math.abs(number) > 2e9 || number % 1 !== 0) continue
    expect(plain(there.i32(number))).toEqual(values.i32(number))
    expect(there.decodeI32(there.i32(number))).toBe(number)
  }
  expect(there.decodeU32be(there.u32be(4e9))).toBe(4e9)
  expect(there.decodeJSON(there.encodeJSON({ a: [1, "b"] })).a[1]).toBe("b")
  expect(plain(there.tuple([realm.bytes(Uint8Array.of(0, 1))]))).toEqual(values.tuple([Uint8Array.of(0, 1)]))
})
