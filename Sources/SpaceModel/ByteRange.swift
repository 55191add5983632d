/// A half-open range of bytes, `start..<end`, in a file or on a device.
public struct ByteRange: Hashable, Sendable {
  /// The first byte of the range.
  public var start: UInt64
  /// The byte after the last one; never below `start`.
  public var end: UInt64

  /// - Precondition: `start <= end`.
  public init(start: UInt64, end: UInt64) {
    precondition(start <= end, "a range ends before it starts")
    self.start = start
    self.end = end
  }

  /// A range that would pass the end of 64 bits is cut there.
  public init(start: UInt64, length: UInt64) {
    let (end, overflow) = start.addingReportingOverflow(length)
    self.start = start
    self.end = overflow ? .max : end
  }

  public var length: UInt64 { end - start }
  public var isEmpty: Bool { start == end }

  /// What both ranges hold; `nil` where that is nothing.
  public func intersection(_ other: ByteRange) -> ByteRange? {
    let low = max(start, other.start)
    let high = min(end, other.end)
    return low < high ? ByteRange(start: low, end: high) : nil
  }

  public func contains(_ offset: UInt64) -> Bool { start <= offset && offset < end }

  /// The smallest range of whole units around this one.
  ///
  /// - Precondition: `unit` is a power of two.
  public func expanded(toMultipleOf unit: UInt64) -> ByteRange {
    let mask = unit - 1
    let (padded, overflow) = end.addingReportingOverflow(mask)
    return ByteRange(start: start & ~mask, end: overflow ? end : padded & ~mask)
  }
}

extension ByteRange {
  /// The same bytes as ascending ranges that neither overlap nor touch.
  ///
  /// - Complexity: O(*n* log *n*).
  public static func union(_ ranges: [ByteRange]) -> [ByteRange] {
    var merged: [ByteRange] = []
    for range in ranges.sorted(by: { $0.start < $1.start }) where !range.isEmpty {
      if let last = merged.last, range.start <= last.end {
        merged[merged.count - 1].end = max(last.end, range.end)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}
