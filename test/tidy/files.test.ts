/**
 * Goal: files stay readable and hold nothing that belongs to one machine or to an unfinished thought. Method: the files
 * of the checkout are read as text and held against limits and word lists; CHANGELOG.md is parsed line by line.
 */
import { describe, expect, it } from "vitest"
import { codeIn, filesIn, linesWith, textOf } from "./sources.ts"

const LINES_MAX = 350

const everything = filesIn(".")
const product = [...filesIn("src"), ...filesIn("hosts"), ...filesIn("boards")]
const documents = [...everything.filter((path) => path.endsWith(".md")), ...filesIn("docs")]
const scripts = ["package.json", "rollup.config.mjs", ".ci/run"]

describe("every file", () => {
  it(`of src and hosts has at most ${LINES_MAX} lines`, () => {
    const lengths = product
      .filter((path) => !path.endsWith(".md"))
      .map((path) => ({ path, lines: textOf(path).split("\n").length - 1 }))
    expect(lengths.filter(({ lines }) => lines > LINES_MAX)).toEqual([])
  })

  it("is finished", () => {
    const words = ["TO" + "DO", "FIX" + "ME", "X".repeat(3)] // in pieces, since this file is searched as well
    expect(linesWith(new RegExp(`\\b(${words.join("|")})\\b`), everything)).toEqual([])
  })

  it("of src is ASCII", () => {
    expect(linesWith(/[^\t\x20-\x7e]/, filesIn("src"))).toEqual([])
  })

  it("of the product and its documents names no path of one machine", () => {
    const paths = [...new Set([...product, ...documents, ...scripts])].filter((path) =>
      everything.includes(path),
    )
    expect(linesWith(/(?<![\w.-])\/(?:work|root|tmp)\//, paths)).toEqual([])
  })

  it("names no registry and no mirror", () => {
    const hosts =
      /\bregistry\.[a-z0-9-]+\.[a-z]|https?:\/\/[^\s"')>]*(?:registry|mirror|artifactory|\/pool\/main)|\b(?:deb|security|archive)\.(?:debian|ubuntu)\./i
    expect(linesWith(hosts, everything)).toEqual([])
  })
})

describe("every engine", () => {
  const engines = codeIn("src").flatMap((path) => /^src\/(\w+)\/layout\.ts$/.exec(path)?.[1] ?? [])

  it.each(engines)("src/%s that has a layout.ts describes its bytes in FORMAT.md", (engine) => {
    expect(filesIn(`src/${engine}`)).toContain(`src/${engine}/FORMAT.md`)
  })
})

const GROUPS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]

/** Gives what is wrong with the shape of a changelog; `current` is the version it has to begin with. */
function changelogFaults(text: string, current: string): string[] {
  const lines = text.split("\n")
  const faults = lines[0] === "# Changelog" ? [] : ["the first line is not # Changelog"]
  const versions: string[] = []
  let group: string | undefined
  for (const [index, line] of lines.entries()) {
    const at = `line ${index + 1}: `
    if (line.startsWith("## ")) {
      const version = /^## (\d+\.\d+\.\d+) - (unreleased|\d{4}-\d{2}-\d{2})$/.exec(line)
      if (!version) faults.push(`${at}not "## 1.2.3 - 2026-01-31" and not "## 1.2.3 - unreleased"`)
      else if (version[2] === "unreleased" && versions.length > 0)
        faults.push(`${at}only the newest is unreleased`)
      versions.push(version?.[1] ?? "")
      group = undefined
    } else if (line.startsWith("### ")) {
      group = line.slice(4)
      if (!GROUPS.includes(group)) faults.push(`${at}the groups are ${GROUPS.join(", ")}`)
    } else if (line.startsWith("- ") && !group) faults.push(`${at}an entry outside a group`)
    else if (/^[*+] /.test(line)) faults.push(`${at}entries begin with "- "`)
  }
  if (versions[0] !== current) faults.push(`begins with ${versions[0]}, package.json is at ${current}`)
  const newestFirst = [...versions].sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
  if (versions.join() !== newestFirst.join()) faults.push("versions are not newest first")
  return faults
}

describe("CHANGELOG.md", () => {
  it("has the shape of a changelog and begins with this version", () => {
    const { version } = JSON.parse(textOf("package.json")) as { version: string }
    expect(changelogFaults(textOf("CHANGELOG.md"), version)).toEqual([])
  })

  const good =
    "# Changelog\n\n## 0.10.0 - unreleased\n\n### Added\n\n- A.\n\n## 0.9.0 - 2026-01-31\n\n### Fixed\n\n- B.\n"

  it("is held against a rule that passes a good one", () => {
    expect(changelogFaults(good, "0.10.0")).toEqual([])
  })

  it.each([
    ["no title", good.replace("# Changelog", "# Changes")],
    ["another version", good.replace("## 0.10.0", "## 0.11.0")],
    ["a date of another kind", good.replace("2026-01-31", "31.1.2026")],
    ["an unknown group", good.replace("### Fixed", "### Tidied")],
    ["an entry without a group", good.replace("### Added\n\n", "")],
    ["another bullet", good.replace("- A", "* A")],
    ["an older version on top", good.replace("0.9.0", "0.11.0")],
    ["two unreleased versions", good.replace("2026-01-31", "unreleased")],
  ])("is held against a rule that refuses %s", (_what, text) => {
    expect(changelogFaults(text, "0.10.0")).not.toEqual([])
  })
})
