/**
 * Settings and a log of a device, in two stores. Knows no board: main.js opens the stores on a flash partition, and a test opens them on
 * a simulated chip.
 */

/** Records that the log keeps, and how many of the oldest go at once when there are more. */
const RECORDS_MAX = 1000
const DROPPED_AT_ONCE = 50

/** Numbers as keys: big-endian bytes sort as the numbers do. */
function sequenceKey(sequence) {
  const key = new Uint8Array(4)
  new DataView(key.buffer).setUint32(0, sequence)
  return key
}

function sequenceOf(key) {
  return new DataView(key.buffer, key.byteOffset).getUint32(0)
}

function textOf(bytes) {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

export class ConfigLog {
  /** Takes two open stores, and finds where the log ends. */
  constructor(config, log) {
    this.config = config
    this.log = log
    const cursor = log.cursor()
    this.next = cursor.last() ? sequenceOf(cursor.key()) + 1 : 1
    this.first = cursor.first() ? sequenceOf(cursor.key()) : this.next
    cursor.close()
  }

  /** Gives a setting, or the fallback. */
  get(name, fallback) {
    const value = this.config.get(name)
    return value === undefined ? fallback : textOf(value)
  }

  /** Changes a setting; it is durable when this returns. */
  set(name, value) {
    this.config.set(name, `${value}`)
    this.config.flush()
  }

  /** Gives the names of all settings that begin with `prefix`. */
  names(prefix) {
    const found = []
    const cursor = this.config.cursor()
    for (let more = cursor.seek(prefix); more; more = cursor.next()) {
      const name = textOf(cursor.key())
      if (!name.startsWith(prefix)) break
      found.push(name)
    }
    cursor.close()
    return found
  }

  /** Adds a record; it is durable when this returns, and so is the removal of the oldest ones. */
  append(text) {
    this.log.set(sequenceKey(this.next++), text)
    if (this.next - this.first > RECORDS_MAX) {
      this.first += DROPPED_AT_ONCE
      this.log.deleteRange(undefined, sequenceKey(this.first))
    }
    this.log.flush()
  }

  /** Calls `visit(sequence, text)` with the records from number `sequence` on. */
  since(sequence, visit) {
    this.log.forEach((cursor) => {
      visit(sequenceOf(cursor.key()), textOf(cursor.value()))
    }, sequenceKey(sequence))
  }

  close() {
    this.config.close()
    this.log.close()
  }
}
