/**
 * Goal: the example that a newcomer copies from README.md works as printed. Method: the first js block under "Ten
 * lines" is run by node, against the built package, in a folder where flashtree is installed as a user has it; what it
 * prints is compared with the text block that follows it.
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

describe("the example of README.md", () => {
  it("prints what it says it prints", () => {
    if (!existsSync(join(ROOT, "README.md"))) throw new Error("there is no README.md")
    const { code, output } = findExample(textOf("README.md"))
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
      expect(run.stdout.trimEnd()).toBe(output.trimEnd())
    } finally {
      rmSync(folder, { recursive: true })
    }
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
