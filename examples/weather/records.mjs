/** The example's records: one hour of weather, packed into 6 bytes under an 8-byte key. */
import { readFileSync } from "node:fs"

const DATA = new URL("../data/seattle-weather-hourly-normals.csv", import.meta.url)

/** Gives [{ time, pressure, temperature, wind }], time in seconds since 1970, ascending. */
export function readWeather() {
  const [head, ...lines] = readFileSync(DATA, "utf8").trim().split("\n")
  if (head !== "date,pressure,temperature,wind") throw new Error(`unexpected columns in ${DATA}: ${head}`)
  return lines.map((line) => {
    const [date, pressure, temperature, wind] = line.split(",")
    return {
      time: Date.parse(`${date}Z`) / 1000,
      pressure: +pressure,
      temperature: +temperature,
      wind: +wind,
    }
  })
}

/** Gives the 8-byte big-endian key of a time: byte order is then time order. */
export function keyOf(time) {
  const key = new Uint8Array(8)
  const view = new DataView(key.buffer)
  view.setUint32(0, Math.floor(time / 2 ** 32))
  view.setUint32(4, time >>> 0)
  return key
}

export function timeOf(key) {
  const view = new DataView(key.buffer, key.byteOffset, 8)
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4)
}

/** Packs one hour: pressure in 0.1 hPa, temperature in 0.1 degrees, wind in 0.1 m/s, 16 bits each. */
export function pack(hour) {
  const value = new Uint8Array(6)
  const view = new DataView(value.buffer)
  view.setUint16(0, Math.round(hour.pressure * 10))
  view.setInt16(2, Math.round(hour.temperature * 10))
  view.setUint16(4, Math.round(hour.wind * 10))
  return value
}

export function unpack(value) {
  const view = new DataView(value.buffer, value.byteOffset, 6)
  return {
    pressure: view.getUint16(0) / 10,
    temperature: view.getInt16(2) / 10,
    wind: view.getUint16(4) / 10,
  }
}
