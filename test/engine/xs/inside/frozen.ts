/** Three ways to write what a preloaded module made, to see that the host tells of each. */
const buffer = new Uint8Array(4)
const list: number[] = []
let count = 0

export function main(argument: string): string {
  const what = JSON.parse(argument) as string
  if (what === "typed array") buffer[0] = 1
  if (what === "array") list.push(1)
  if (what === "variable") count++
  return JSON.stringify({ sum: (buffer[0] as number) + list.length + count })
}
