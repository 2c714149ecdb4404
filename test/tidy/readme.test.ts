/**
 * Goal: what a newcomer copies from README.md works as printed. Method: the first js block under "Ten lines" is run by node, against the
 * built package, in a folder where flashtree is installed as a user has it; what it prints is compared with the text block that follows
 * it. The blocks on the log, on settings and on records that live for a time are run there, too, with a few lines behind each that show what
 * it has done.
 */
import { spawnSync } from "node:child_process"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { makeConsumer, ROOT, textOf } from "./sources.ts"

const HEADING = "## Ten lines"

interface Example {
  code: string
  output: string
}

/** Gives the first js block of the section and the text block after it; throws saying which of them is missing. */
function findExample(markdown: string): Example {
  const start = markdown.split("\n").indexOf(HEADING)
  if (start < 0) throw new Error(`README.md has no section "${HEADING}"`)
  const rest = markdown.split("\n").slice(start + 1)
  const end = rest.findIndex((line) => line.startsWith("## "))
  const section = rest.slice(0, end < 0 ? rest.length : end).join("\n")
  const js = /^```js\n(.*?)^```$/ms.exec(section)
  if (!js) throw new Error(`the section "${HEADING}" of README.md has no js block`)
  const text = /^```text\n(.*?)^```$/ms.exec(section.slice(js.index + js[0].length))
  if (!text) throw new Error(`no text block with the expected output follows the js block of "${HEADING}"`)
  return { code: js[1], output: text[1] }
}

/** Gives what a program prints in a folder where flashtree is installed. */
function printedBy(code: string): string {
  const folder = makeConsumer()
  try {
    writeFileSync(join(folder, "example.mjs"), code)
    const run = spawnSync(process.execPath, ["example.mjs"], {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
    })
    expect(run.stderr).toBe("")
    expect(run.status).toBe(0)
    return run.stdout.trimEnd()
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("the example of README.md", () => {
  it("prints what it says it prints", () => {
    if (!existsSync(join(ROOT, "README.md"))) throw new Error("there is no README.md")
    const { code, output } = findExample(textOf("README.md"))
    expect(printedBy(code)).toBe(output.trimEnd())
  })
})

/** Gives the one js block of README.md that has `text` in it. */
function blockWith(text: string): string {
  const blocks = [...textOf("README.md").matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string)
  const found = blocks.filter((code) => code.includes(text))
  if (found.length !== 1) throw new Error(`${found.length} js blocks of README.md have ${text}`)
  return found[0] as string
}

const TREE = 'import { btree, MemoryStream } from "flashtree"\nconst db = btree.open(new MemoryStream())\n'

describe("what README.md shows besides", () => {
  it("of the log", () => {
    const code = `${blockWith("log.open(chip)")}\nconsole.log(it.count, log.open(chip).last)`
    expect(printedBy(code)).toMatch(/^1 \d{13} started\n1 1$/)
  })

  it("of settings", () => {
    const code = `${TREE}${blockWith("config.open(db")}
console.log(settings.getNumber("wifi/retries"), settings.getString("wifi/ssid"), settings.getJSON("pins").led)`
    expect(printedBy(code)).toBe("wifi/retries 3\nwifi/retries undefined\n5 factory 2")
  })

  it("of records that live for a time, also where one is set anew", () => {
    const code = `${TREE}${blockWith("function sweep")}
setUntil(db, "a", 1, 100)
setUntil(db, "b", 2, 200)
setUntil(db, "a", 3, 300)
db.set("c", "stays")
for (const now of [100, 150, 250, 1e9]) {
  sweep(db, now)
  console.log(db.has("a"), db.has("b"), db.stat().entries)
}`
    expect(printedBy(code)).toBe("true true 6\ntrue true 5\ntrue false 3\nfalse false 1")
  })
})

describe("the search for the example", () => {
  const good = `# x\n\n${HEADING}\n\nSay:\n\n\`\`\`js\na()\n\n// b\n\`\`\`\n\nprints\n\n\`\`\`text\n1\n2\n\`\`\`\n\n## Next\n`

  it("finds both blocks", () => {
    expect(findExample(good)).toEqual({ code: "a()\n\n// b\n", output: "1\n2\n" })
  })

  it.each([
    ["no section", good.replace(HEADING, "## Nine lines")],
    ["no js block", good.replace("```js", "```ts")],
    ["no text block", good.replace("```text", "```sh")],
    ["no text block", good.replace("prints", "## Next")],
  ])("says so when there is %s", (_what, markdown) => {
    expect(() => findExample(markdown)).toThrow(/section|block/)
  })
})
