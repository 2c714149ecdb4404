/** What `npm run build` adds to the bundles: the folder's package.json, and images of Storage with the modules inside. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { intelHex, storageImage } from "./storage-image.mjs"

/** Where Storage begins on ESP32, ESP32-C3 and ESP32-S3, and its erase pages. */
const STORAGE_ADDRESS = 0x320000
const STORAGE_PAGESIZE = 4096

/** Gives a rollup plugin that writes these files into `folder`, with `modules` of it in the images, when the last bundle is there. */
export function storageFiles(folder, modules) {
  return {
    name: "storage-files",
    writeBundle() {
      const files = Object.fromEntries(
        modules.map((name) => [name, readFileSync(join(folder, `${name}.js`))]),
      )
      const image = storageImage(files, STORAGE_PAGESIZE)
      writeFileSync(join(folder, "storage.bin"), image)
      writeFileSync(join(folder, "storage.hex"), intelHex(image, STORAGE_ADDRESS))
      writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }\n')
    },
  }
}
