/**
 * The log, byte by byte (FORMAT.md has the reasons). Numbers are big-endian.
 *
 * block header  0 magic | 4 log id | 8 sequence | 12 number of the first record (6) | 18 times the clock fell | 20 time before the first
 *               record (double) | 28 end of the block before | 30 block length | 32 blocks | 34 this block | 36 flags | 37 turn (3) |
 *               40 kind of check | 41 write alignment | 42 features (2) | 44 retired blocks (3) | 50 longest frame | 52 CRC-32 of bytes 0 to 51
 * frame         an entry, or a group: 0xc0 (0xc1: more follows) | entries (1) | entry ... ; then the check (4), 0xff to the write alignment
 * entry         length (1, more from 63 on; 0x80: with a time) | time since the one before | bytes
 */
export const MAGIC = 0x46544c31
export const LOG_ID = 4
export const SEQUENCE = 8
export const FIRST = 12
export const FALLS = 18
export const TIME = 20
export const PREVIOUS_END = 28
export const LENGTH = 30
export const COUNT = 32
export const INDEX = 34
export const FLAGS = 36
export const CHECKSUM = 40
export const ALIGN = 41
export const INCOMPATIBLE = 42
export const READ_COMPATIBLE = 43
export const RETIRED = 44
export const LONGEST = 50
export const HEADER_CHECK = 52
export const HEADER = 56
/** What is beyond this is no header of a log: it would take more erases than any flash bears. */
export const SEQUENCE_MAX = 0xffff0000
/** A header with its padding, at the largest write alignment. */
export const SMALL = 64

/** What half a word can count. */
export const HALF = 0x10000

/** Flags of a header: the block before is not to be used again; records before it are not committed yet. */
export const BEFORE_FAILS = 1
export const UNDECIDED = 2

export const RETIRED_MAX = 3
export const NO_BLOCK = 0xffff

/** An entry's first byte: its length, up to this, with this bit when a time follows. */
export const LENGTH_MAX = 63
export const TIMED = 0x40
/** A group's first byte, with this bit when it does not commit. */
export const GROUP = 0xc0
export const MORE = 1
export const GROUP_HEAD = 2
export const GROUP_MAX = 255
export const CHECK = 4
/** Most bytes of an entry besides the record: first byte, length, time. */
export const ENTRY_HEAD = 11

/** Times are whole numbers up to this, either side of 0: Date.now() in microseconds would do. */
export const TIME_MAX = 2251799813685248

/** No place in memory: what is compared with is an erased byte. */
export const ERASED = -1

/** Chips program up to a multiple of this at a time; so few bytes of a program that was cut may show nothing. */
export const PROGRAM_PAGE = 256
export const SHORT_PROGRAM = 4
/** Bytes behind the head that tell whether somebody else has written. */
export const MARK = 8
