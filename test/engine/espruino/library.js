// Run as a script in a new context, before anything else: takes away what Espruino's library lacks and changes what it does otherwise,
// as far as another engine can follow. What is stricter here than there (an exception instead of silence) is so on purpose.
;((global) => {
  // Written so that it goes on working while the library is taken away.
  const words = (text) => {
    const found = []
    let word = ""
    for (let i = 0; i <= text.length; i++) {
      if (i < text.length && text[i] !== " " && text[i] !== "\n") word += text[i]
      else if (word !== "") {
        found.push(word)
        word = ""
      }
    }
    return found
  }
  const { apply, construct, getOwnPropertyDescriptor, ownKeys } = Reflect

  const GLOBALS =
    words(`Object Function Array String Number Boolean Math JSON Date RegExp Promise Error SyntaxError TypeError
    ReferenceError ArrayBuffer DataView Uint8Array Int8Array Uint8ClampedArray Uint16Array Int16Array Uint32Array Int32Array
    Float32Array Float64Array NaN Infinity undefined isNaN isFinite parseInt parseFloat eval decodeURIComponent
    encodeURIComponent globalThis`)

  const STATIC = {
    Object: `assign create defineProperties defineProperty entries fromEntries getOwnPropertyDescriptor
      getOwnPropertyDescriptors getOwnPropertyNames getPrototypeOf keys setPrototypeOf values`,
    Array: "isArray",
    String: "fromCharCode",
    Number: "MAX_VALUE MIN_VALUE NEGATIVE_INFINITY NaN POSITIVE_INFINITY",
    Math: `abs acos asin atan atan2 ceil cos exp floor log max min pow random round sign sin sqrt tan E LN10 LN2 LOG10E
      LOG2E PI SQRT1_2 SQRT2`,
    Promise: "all reject resolve",
    ArrayBuffer: "",
    Uint8Array: "",
  }

  const METHODS = {
    Object: "hasOwnProperty toString valueOf",
    Function: "apply bind call toString",
    Array: `concat every fill filter find findIndex forEach includes indexOf join map pop push reduce reverse shift slice
      some sort splice toString unshift`,
    String: `charAt charCodeAt concat endsWith includes indexOf lastIndexOf match padEnd padStart repeat replace
      replaceAll slice split startsWith substr substring toLowerCase toUpperCase trim length toString valueOf`,
    Number: "toFixed toString valueOf",
    ArrayBuffer: "byteLength",
    DataView: `buffer byteLength byteOffset getFloat32 getFloat64 getInt16 getInt32 getInt8 getUint16 getUint32 getUint8
      setFloat32 setFloat64 setInt16 setInt32 setInt8 setUint16 setUint32 setUint8`,
    Error: "message toString",
    RegExp: "exec test",
    Promise: "catch then",
  }

  const VIEW_METHODS = `buffer byteLength byteOffset length every fill filter find findIndex forEach includes indexOf join
    map reduce reverse set slice some sort subarray toString`

  // Espruino keeps a view's offset in 16 bits.
  const OFFSET_MAX = 65535

  const natives = { Array: global.Array, Uint8Array: global.Uint8Array, Object: global.Object }
  const views = natives.Object.getPrototypeOf(natives.Uint8Array.prototype)
  const keep = (object, names) => {
    const kept = words(`constructor prototype ${names}`)
    const keys = ownKeys(object)
    for (let i = 0; i < keys.length; i++) {
      if (!kept.includes(keys[i]) && getOwnPropertyDescriptor(object, keys[i]).configurable)
        delete object[keys[i]]
    }
  }

  const subarray = views.subarray
  views.subarray = function (begin, end) {
    if (end > this.length) throw new Error("subarray does not clamp its end on Espruino")
    const view = apply(subarray, this, [begin, end])
    if (view.byteOffset > OFFSET_MAX) throw new Error("byteOffset too large")
    return view
  }
  views.slice = function (begin, end) {
    const result = []
    const last = end === undefined || end > this.length ? this.length : end < 0 ? this.length + end : end
    for (let i = begin < 0 ? this.length + begin : begin || 0; i < last; i++) result.push(this[i])
    return result
  }
  const set = views.set
  views.set = function (source, offset) {
    if (typeof source !== "string") return apply(set, this, [source, offset])
    const at = offset || 0
    if (at + source.length > this.length) throw new Error("text longer than the array that takes it")
    for (let i = 0; i < source.length; i++) this[at + i] = source.charCodeAt(i)
  }
  // The end of a text counts as found when what is looked for begins with it (Espruino 2v29).
  const text = global.String.prototype
  const indexOf = text.indexOf
  const substr = text.substr
  text.indexOf = function (part, from) {
    const found = apply(indexOf, this, [part, from])
    if (typeof part !== "string" || part.length > this.length) return found
    for (let at = this.length - part.length + 1; at < this.length; at++) {
      if (found < 0 && apply(substr, part, [0, this.length - at]) === apply(substr, this, [at])) return at
    }
    return found
  }

  // Declared, since an arrow function is no constructor.
  function guard(name) {
    const native = global[name]
    function Guarded(source, offset, length) {
      if (typeof source === "string") throw new Error(`new ${name} of a string`)
      if (offset > OFFSET_MAX) throw new Error("byteOffset too large")
      const given =
        length !== undefined ? [source, offset, length] : offset !== undefined ? [source, offset] : [source]
      return construct(native, source === undefined ? [] : given)
    }
    Guarded.prototype = native.prototype
    native.prototype.constructor = Guarded
    global[name] = Guarded
  }
  for (const name of ["Uint8Array", "Uint16Array", "Uint32Array", "DataView"]) guard(name)

  const NativeError = global.Error
  function PlainError(message) {
    return new NativeError(message) // no cause
  }
  PlainError.prototype = NativeError.prototype
  global.Error = PlainError

  // The last step, since it takes away what the steps before are made of.
  const names = natives.Object.keys(METHODS)
  const statics = natives.Object.keys(STATIC)
  for (let i = 0; i < statics.length; i++) keep(global[statics[i]], STATIC[statics[i]])
  for (let i = 0; i < names.length; i++) keep(global[names[i]].prototype, METHODS[names[i]])
  keep(views, VIEW_METHODS)
  keep(natives.Uint8Array, "")
  keep(natives.Object.getPrototypeOf(natives.Uint8Array), "")
  const all = ownKeys(global)
  for (let i = 0; i < all.length; i++) if (!GLOBALS.includes(all[i])) delete global[all[i]]
})(globalThis)
