/**
 * What the XS of a board has and the worker of @agoric/xsnap has not: ArrayBuffer.fromString, which gives the bytes that a string
 * has inside. There surrogates are kept as they are, each as three bytes.
 */
const encoder = new TextEncoder()

function surrogates(text: string): ArrayBuffer {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdfff)
      bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else bytes.push(...encoder.encode(text[i]))
  }
  return new Uint8Array(bytes).buffer
}

function fromString(text: string): ArrayBuffer {
  const bytes = encoder.encode(text)
  const plain = bytes.indexOf(0xef) < 0 && bytes.indexOf(0xf0) < 0
  return plain ? (bytes.buffer as ArrayBuffer) : surrogates(text)
}

if (!("fromString" in ArrayBuffer)) Object.assign(ArrayBuffer, { fromString })
