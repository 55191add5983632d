import SpaceModel

/// An image's map in the interchange form of `qemu-img map --output=json`, which nbdcopy, bmap tools and scripts read: an
/// array of ranges, each either data or zeros, without gaps.
///
/// Of a raw file qemu knows no other state: a hole and an unwritten extent read as zeros, everything else is data, zeros
/// that are written out too. Lengths are whole sectors of 512 bytes, as qemu counts them, so a file of another size seems to
/// end in a few bytes of zeros.
public struct QemuMap: Sendable {
  private var text: [UInt8] = []
  private var pending: (range: ByteRange, isData: Bool)?
  private var isFirst = true
  private let size: UInt64

  /// - Parameter size: The image's apparent size, in bytes.
  public init(size: UInt64) { self.size = size }

  /// Adds the next range; they come in order.
  public mutating func add(_ range: ByteRange, isData: Bool) {
    guard range.length > 0 else { return }
    if let last = pending, last.isData == isData, last.range.end == range.start {
      pending = (ByteRange(start: last.range.start, end: range.end), isData)
      return
    }
    flush()
    pending = (range, isData)
  }

  /// Whether enough was gathered to be worth a write.
  public var isLong: Bool { text.count >= 64 << 10 }

  /// What can be written so far.
  public mutating func take() -> [UInt8] {
    defer { text.removeAll(keepingCapacity: true) }
    return text
  }

  /// Ends the array.
  public mutating func finish() {
    let whole = size.addingClamped(511) / 512 * 512
    if whole > size { add(ByteRange(start: size, end: whole), isData: false) }
    flush()
    if isFirst {
      // What qemu says of a file that is empty.
      text += "[{ \"start\": 0, \"length\": 0, \"depth\": 0, \"present\": false, \"zero\": false, \"data\": false}".utf8
    }
    text += "]\n".utf8
  }

  /// Ends the array where the map does: what comes behind could not be read.
  public mutating func finishEarly() {
    flush()
    text += (isFirst ? "[]\n" : "]\n").utf8
  }

  private mutating func flush() {
    guard let (range, isData) = pending else { return }
    pending = nil
    text += (isFirst ? "[" : ",\n").utf8
    isFirst = false
    text +=
      "{ \"start\": \(range.start), \"length\": \(range.length), \"depth\": 0, \"present\": true, \"zero\": \(!isData), \"data\": \(isData), \"offset\": \(range.start)}"
      .utf8
  }
}
