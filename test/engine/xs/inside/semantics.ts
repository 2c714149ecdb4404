/** The unit tests that know nothing of Node, as they are. */
import "./globals.ts"
import "../../../unit/btree/errors.test.ts"
import "../../../unit/btree/micropython.test.ts"
import "../../../unit/stream/check-arguments.test.ts"
import "../../../unit/stream/journal.test.ts"
import "../../../unit/stream/journaled.test.ts"
import "../../../unit/stream/seekable.test.ts"
import { serve } from "./commands.ts"
import { countTests, runTests } from "./vitest.ts"

serve({
  count: () => countTests(),
  run: () => runTests(),
})
