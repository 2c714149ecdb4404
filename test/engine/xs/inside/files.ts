/**
 * A file system for a store on segment files: names and lengths in the machine, as native files take slots there, but every byte in one
 * buffer that is made at once, so that it is not counted as the store's.
 */
import type { FilesDirectory, FilesFile } from "../../../../hosts/moddable/files-directory.ts"

const FILES = 40
/** Longest file: a segment, or the log before it is carried over. */
const ROOM = 8192

/** Makes an empty file system; its memory is all there from now on. */
export function makeFiles(): FilesDirectory {
  const bytes = new Uint8Array(FILES * ROOM)
  const names: string[] = []
  const lengths = new Uint16Array(FILES)

  function fileAt(index: number): FilesFile {
    const start = index * ROOM
    return {
      read(buffer, position) {
        const rest = lengths[index] - position
        const count = rest < 0 ? 0 : Math.min(buffer.length, rest)
        buffer.set(bytes.subarray(start + position, start + position + count))
        return count
      },
      write(buffer, position) {
        if (position + buffer.length > ROOM) throw new Error("no room")
        if (position > lengths[index]) bytes.fill(0, start + lengths[index], start + position)
        bytes.set(buffer, start + position)
        lengths[index] = Math.max(lengths[index], position + buffer.length)
      },
      status: () => ({ size: lengths[index] }),
      setSize(length) {
        if (length > lengths[index]) bytes.fill(0, start + lengths[index], start + length)
        lengths[index] = length
      },
      flush: () => undefined,
      close: () => undefined,
    }
  }

  return {
    openFile({ path, mode }) {
      let index = names.indexOf(path)
      if (index < 0 && mode !== "w+") throw new Error("no such file")
      if (index < 0) {
        index = names.indexOf("") < 0 ? names.length : names.indexOf("")
        if (index >= FILES) throw new Error("no room")
        names[index] = path
      }
      if (mode === "w+") lengths[index] = 0
      return fileAt(index)
    },
    status: (path) => {
      const index = names.indexOf(path)
      return {
        size: index < 0 ? 0 : lengths[index],
        mode: index < 0 ? 0 : 0o100644,
        isFile: () => index >= 0,
      }
    },
    delete(path) {
      const index = names.indexOf(path)
      if (index >= 0) names[index] = ""
      return index >= 0
    },
    createDirectory: () => true,
  }
}
