/** A double of `embedded:storage/files`: one root directory on LittleFS. A test may look into `fs`. */
import { makeLittleFs } from "./files-double.ts"

const made = makeLittleFs()

export const fs = made.fs
export default made.root
