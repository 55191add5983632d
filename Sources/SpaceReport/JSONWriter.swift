/// Writes JSON as bytes, key by key, in the order it is told.
///
/// It holds no document: what is written can be handed on at any time, so a million extents cost no memory.
public struct JSONWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  let isIndented: Bool
  /// For each open array or object, whether something stands in it already.
  private var filled: [Bool] = []
  private var afterKey = false

  /// - Parameter indented: Two spaces a level and a line an element; else everything on one line.
  public init(indented: Bool = true) { isIndented = indented }

  /// Forgets what was written so far, and keeps its room.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  public mutating func beginObject() { begin(UInt8(ascii: "{")) }
  public mutating func endObject() { end(UInt8(ascii: "}")) }
  public mutating func beginArray() { begin(UInt8(ascii: "[")) }
  public mutating func endArray() { end(UInt8(ascii: "]")) }

  public mutating func key(_ name: String) {
    separate()
    string(name)
    bytes.append(UInt8(ascii: ":"))
    if isIndented { bytes.append(UInt8(ascii: " ")) }
    afterKey = true
  }

  public mutating func value(_ text: String) {
    separate()
    string(text)
  }

  public mutating func value(_ number: some FixedWidthInteger) {
    separate()
    var magnitude = UInt64(number.magnitude)
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(magnitude % 10))
      magnitude /= 10
    } while magnitude > 0
    bytes[start...].reverse()
  }

  public mutating func value(_ flag: Bool) {
    separate()
    bytes.append(contentsOf: (flag ? "true" : "false").utf8)
  }

  /// A value that is JSON already.
  mutating func value(formatted text: UnsafeRawBufferPointer) {
    separate()
    bytes.append(contentsOf: text)
  }

  /// A line end after a document.
  public mutating func newline() { bytes.append(UInt8(ascii: "\n")) }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    filled.append(false)
  }

  private mutating func end(_ bracket: UInt8) {
    if filled.popLast() == true { breakLine() }
    bytes.append(bracket)
  }

  private mutating func separate() {
    if afterKey {
      afterKey = false
      return
    }
    guard let last = filled.last else { return }
    if last { bytes.append(UInt8(ascii: ",")) }
    filled[filled.count - 1] = true
    breakLine()
  }

  private mutating func breakLine() {
    guard isIndented else { return }
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: filled.count * 2))
  }

  private mutating func string(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    // No two quotation marks stand side by side, not even where one is escaped: what exports support bundles as YAML takes
    // them for an empty text.
    var mayQuote = true
    var rest = text.unicodeScalars.makeIterator()
    var next = rest.next()
    while let scalar = next {
      next = rest.next()
      switch scalar {
      case "\"":
        if mayQuote, next != nil { bytes.append(contentsOf: "\\\"".utf8) } else { escape(scalar) }
        mayQuote.toggle()
        continue
      case "\\": bytes.append(contentsOf: "\\\\".utf8)
      case "\n": bytes.append(contentsOf: "\\n".utf8)
      case "\t": bytes.append(contentsOf: "\\t".utf8)
      case _ where Self.isHidden(scalar): escape(scalar)
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
      mayQuote = true
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Control characters, and those that turn the direction of a line or end it: a terminal that shows a report must not be
  /// led by a file's name.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: false
    }
  }

  private mutating func escape(_ scalar: Unicode.Scalar) {
    let hex = Array("0123456789abcdef".utf8)
    bytes.append(contentsOf: "\\u".utf8)
    for shift in [12, 8, 4, 0] as [UInt32] { bytes.append(hex[Int(scalar.value >> shift & 15)]) }
  }
}
