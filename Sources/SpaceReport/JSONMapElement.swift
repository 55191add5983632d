import SpaceModel

/// The elements of a map's list of extents: one each, a million of them in a fragmented image, so each is formatted in
/// place and handed to the writer whole.
extension JSONWriter {
  /// A stretch of a file as `map --json` lists it.
  public struct MapElement {
    /// Half-open, in bytes from the file's start.
    public var range: ByteRange
    /// A word of the schema, all letters.
    public var kind: StaticString
    /// Offset on the device; `nil` where there is none.
    public var physical: UInt64?
    /// `nil` for a hole, which nobody can share.
    public var isShared: Bool?

    /// - Parameters: As the properties of the same names.
    public init(range: ByteRange, kind: StaticString, physical: UInt64?, isShared: Bool?) {
      self.range = range
      self.kind = kind
      self.physical = physical
      self.isShared = isShared
    }
  }

  /// Writes one element of the open array.
  ///
  /// - Precondition: The writer does not indent: the element is on one line.
  public mutating func value(_ segment: MapElement) {
    precondition(!isIndented, "a map's elements are written on one line each")
    withUnsafeTemporaryAllocation(byteCount: 384, alignment: 1) { room in
      var line = JSONLine(room)
      line.add("{\"start_bytes\":")
      line.add(segment.range.start, key: "start_bytes")
      line.add(",\"length_bytes\":")
      line.add(segment.range.length, key: "length_bytes")
      line.add(",\"kind\":\"")
      line.add(segment.kind)
      line.add("\"")
      if let physical = segment.physical {
        line.add(",\"physical_bytes\":")
        line.add(physical, key: "physical_bytes")
      }
      if let isShared = segment.isShared { line.add(isShared ? ",\"shared\":true" : ",\"shared\":false") }
      line.add("}")
      value(formatted: line.bytes)
    }
  }
}

/// Text in a room that holds it whole.
private struct JSONLine {
  private let room: UnsafeMutableRawBufferPointer
  private var count = 0

  init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: room[..<count]) }

  mutating func add(_ text: StaticString) {
    text.withUTF8Buffer { text in
      UnsafeMutableRawBufferPointer(rebasing: room[count..<count + text.count]).copyMemory(
        from: UnsafeRawBufferPointer(text))
    }
    count += text.utf8CodeUnitCount
  }

  /// A number of bytes; beyond 2^53 − 1, where many readers of JSON round, a second time as text.
  mutating func add(_ number: UInt64, key: StaticString) {
    add(number)
    guard number > 1 << 53 - 1 else { return }
    add(",\"")
    add(key)
    add("_s\":\"")
    add(number)
    add("\"")
  }

  /// Two digits at a time.
  private mutating func add(_ number: UInt64) {
    let start = count
    count += Self.digits(of: number)
    var at = count
    var rest = number
    while rest >= 10 {
      let pair = UInt8(truncatingIfNeeded: rest % 100)
      rest /= 100
      at -= 2
      room[at] = UInt8(ascii: "0") + pair / 10
      room[at + 1] = UInt8(ascii: "0") + pair % 10
    }
    if at > start { room[at - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest) }
  }

  private static func digits(of number: UInt64) -> Int {
    var length = 1
    var rest = number
    while rest >= 10_000 {
      length += 4
      rest /= 10_000
    }
    return length + (rest >= 1000 ? 3 : rest >= 100 ? 2 : rest >= 10 ? 1 : 0)
  }
}
