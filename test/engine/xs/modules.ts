/**
 * Modules as firmware has them: those that the build makes for Moddable, made anew from the source, and an application of inside/
 * beside them that imports them. Without a row for Moddable in rollup.config.mjs the application has the library inside.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type OutputOptions, type Plugin, type RollupOptions, rollup } from "rollup"
import { loadConfigFile } from "rollup/loadConfigFile"
import { ROOT } from "../../tidy/sources.ts"
import { bundle } from "./bundle.ts"
import { CACHE } from "./sources.ts"

const MODULES = {
  "src/btree/index.ts": "./btree.js",
  "src/flash/index.ts": "./flash.js",
  "src/constant/index.ts": "./constant.js",
  "hosts/moddable/flash-partition.ts": "./flash-partition.js",
}
/** What host/ finds where the SDK's own module would be. */
const EMBEDDED_FLASH = "embedded-storage-flash.js"

function outputOf(row: RollupOptions): OutputOptions {
  return (Array.isArray(row.output) ? row.output[0] : row.output) ?? {}
}

/** Builds one row into `folder`; what it would empty in dist stays. */
async function buildRow(row: RollupOptions, folder: string): Promise<void> {
  const plugins = (await Promise.all([row.plugins].flat(3))).filter(
    (plugin) => plugin && "name" in plugin && plugin.name !== "empty-folder",
  )
  const build = await rollup({ ...row, plugins })
  const { output } = await build.generate(outputOf(row))
  await build.close()
  for (const file of output) {
    if (file.type === "chunk") writeFileSync(join(folder, file.fileName), file.code)
  }
}

/** Makes the modules in a folder called `name`; gives the path of the application. */
export async function makeModules(name: string, application: string): Promise<string> {
  const folder = join(CACHE, name)
  mkdirSync(folder, { recursive: true })
  const { options } = await loadConfigFile(join(ROOT, "rollup.config.mjs"), { silent: true })
  const rows = options.filter((row) => outputOf(row).dir === "dist/moddable")
  for (const row of rows) await buildRow(row, folder)
  const modules = rows.length > 0 ? MODULES : {}
  writeFileSync(join(folder, EMBEDDED_FLASH), await bundle("inside/embedded-flash.ts", { format: "es" }))
  const path = join(folder, "main.js")
  writeFileSync(path, await bundle(application, { development: false, format: "es", modules }))
  return path
}

/** Makes a module of other contents than those of the row for `dir`, `text`, into `folder` as that row is made; gives its path. */
export async function buildPart(dir: string, folder: string, name: string, text: string): Promise<string> {
  const { options } = await loadConfigFile(join(ROOT, "rollup.config.mjs"), { silent: true })
  const row = options.find((one) => outputOf(one).dir === dir)
  if (row === undefined) throw new Error(`no row of rollup.config.mjs makes ${dir}`)
  const id = join(ROOT, `${name}.part.ts`)
  const entry: Plugin = {
    name: "give-entry",
    resolveId: (specifier) => (specifier === id ? id : null),
    load: (specifier) => (specifier === id ? text : null),
  }
  await buildRow({ ...row, input: { [name]: id }, plugins: [entry, row.plugins] }, folder)
  return join(folder, `${name}.js`)
}
