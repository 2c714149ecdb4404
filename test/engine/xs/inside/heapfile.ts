/** Work on a heap file, and the dump of a list in it, on XS. */
import * as heapfile from "../../../../src/heapfile/index.ts"
import { MemoryStream } from "../../../../src/stream/memory-stream.ts"
import { hex } from "../../../support/digest.ts"
import { work } from "../../../support/heapfile-work.ts"
import { serve } from "./commands.ts"

serve({
  run({ seed, link }: { seed: number; link: string }) {
    const stream = new MemoryStream()
    const links = work(heapfile, stream, (of) => of, seed)
    const { stdout } = heapfile.hexdump(
      "pybtreecore",
      ["-f", "x", "-l", link],
      () => new MemoryStream(stream.bytes()),
    )
    const text = heapfile.converters.text()
    const integer = heapfile.converters.integer(true)
    const values = [
      text.decode(text.encode("h\u00e9llo \ud83d\ude00")),
      integer.decode(integer.encode("-9223372036854775807")),
    ]
    return { links, image: hex(stream.bytes()), stdout, values }
  },
})
