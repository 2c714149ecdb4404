/** Opening: the memory of a volume, all of it but what a transaction of many pages takes. */
import { OPAQUE_FLASH, WINDOW_PAGE_MAX } from "../../platform.ts"
import type { FlashDevice } from "../device.ts"
import { alignUp } from "../inline.ts"
import { makeIntervals } from "../intervals.ts"
import {
  BLOCK_HEADER,
  BODY_ROOM,
  CHAIN_RANGES_MAX,
  CONTENT_ROOM,
  IMAGE_WEIGHT,
  MARK_SIZE,
  RANGES_MAX,
  RESERVED_BLOCKS,
  SEED_SIZE,
  SHORT_READ,
} from "../layout.ts"
import { FlashVolume } from "../volume.ts"

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }
/** Makes the handle of a volume whose geometry was checked. */
export function makeHandle(
  device: FlashDevice,
  first: number,
  blocks: number,
  blockLength: number,
  align: number,
  pagesize: number,
  isOpaque: boolean,
): FlashVolume {
  const volume: Writable<FlashVolume> = new FlashVolume()
  volume.atomic = volume.exclusive = true
  volume.readonly =
    volume._opaque =
    volume._checkpointDue =
    volume._abortDue =
    volume._busy =
    volume._closed =
      false
  if (OPAQUE_FLASH && isOpaque) volume._opaque = true
  volume.pagesize = volume._pagesize = pagesize
  volume._device = device
  volume._first = first
  volume._blocks = volume._count = volume._free = blocks
  volume._blockLength = blockLength
  volume._base = first * blockLength
  volume._align = align
  volume._checksum = 1
  volume._states = new Uint8Array(blocks)
  volume._sequences = new Uint16Array(blocks)
  volume._weights = new Uint8Array(blocks)
  volume._eraseCounts = new Uint16Array(blocks)
  volume._pages = ((blocks * blockLength) / pagesize) | 0
  volume._map = new Uint32Array(volume._pages)
  volume._oldPages = new Uint16Array(16)
  volume._oldEntries = new Uint32Array(16)
  volume._gathered = makeIntervals(RANGES_MAX)
  volume._covered = makeIntervals(CHAIN_RANGES_MAX)
  if (OPAQUE_FLASH) volume._mark = new Uint8Array(MARK_SIZE)
  volume._id = volume._eraseBase = volume._live = volume._at = volume._sequence = volume._checkpoint = 0
  volume._checkpointSequence = volume._started = volume._oldCount = 0
  volume._size = volume._loggedSize = volume._flushedSize = volume._have = volume._got = 0
  volume._loaded = volume._recordAt = volume._flags = volume._recordPage = volume._link = volume._next = 0
  volume._cursor = volume._left = 0
  volume._head = volume._dropped = volume._page = -1
  volume._sealed = true
  volume._stopped = ""
  const every = (blocks - 8) >> 3
  volume._checkpointEvery = every < 1 ? 1 : every > 8 ? 8 : every
  // Flags, body size, page, one range of the whole page, check.
  volume._imageSize = alignUp(volume, 1 + 2 + 2 + 3 + pagesize + 4)
  volume._headerSize = alignUp(volume, BLOCK_HEADER)
  volume._perBlock = ((blockLength - volume._headerSize) / volume._imageSize) | 0
  // What is never counted: the reserve, and the blocks that the map of a checkpoint fills.
  volume._usable = blocks - RESERVED_BLOCKS - (((volume._pages * 4) / pagesize / volume._perBlock) | 0)
  volume._neededWeight = volume._soonWeight = volume._perBlock * IMAGE_WEIGHT
  volume._body = pagesize + BODY_ROOM
  volume._content = volume._body + CONTENT_ROOM
  volume._window = volume._content + pagesize + SEED_SIZE
  const most = pagesize < WINDOW_PAGE_MAX ? pagesize : WINDOW_PAGE_MAX
  volume._header = volume._window + 16 + ((most + 15) & -16)
  volume._bytes = new Uint8Array(volume._header + volume._headerSize)
  volume._view = new DataView(volume._bytes.buffer)
  volume._short = volume._programmed = volume._bytes.subarray(volume._window, volume._window + SHORT_READ)
  volume._whole = volume._bytes.subarray(volume._window, volume._header)
  volume._headerView = volume._bytes.subarray(volume._header, volume._header + volume._headerSize)
  return volume
}
