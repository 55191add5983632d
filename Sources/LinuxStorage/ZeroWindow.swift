import CLinuxStorage
import SpaceModel

/// Looks for zeros in a file's pages where they lie in the page cache, without copying them.
enum ZeroWindow {
  /// Maps what lies between the first and the last span; pages that are not cached are brought there.
  ///
  /// - Parameters:
  ///   - spans: Ascending and apart, all of them whole units from their start on.
  ///   - unit: A power of two.
  ///   - size: Where the file ends; the unit that it cuts counts by its bytes before it.
  /// - Returns: The units that hold nothing but zeros, ascending and joined where they touch. `nil`: it cannot be mapped,
  ///   a page could not be had, or the file ends earlier; reading it tells which.
  static func zeros(
    of spans: some RandomAccessCollection<ByteRange>, unit: UInt64, size: UInt64, descriptor: Int32
  ) -> [ByteRange]? {
    guard let first = spans.first else { return [] }
    guard first.start < size else { return nil }
    let units = spans.reduce(0) { $0 + $1.length } / unit
    let room = Int(units / 2) + spans.count + 1
    return withUnsafeTemporaryAllocation(of: cls_range.self, capacity: spans.count + room) { memory in
      guard let base = memory.baseAddress else { return nil }
      for (index, span) in spans.enumerated() {
        memory.initializeElement(at: index, to: cls_range(start: span.start, end: span.end))
      }
      let runs = base + spans.count
      let count = Int(cls_find_zeros(descriptor, base, spans.count, unit, size, runs, room))
      guard count >= 0 else { return nil }
      return (0..<count).map { ByteRange(start: runs[$0].start, end: runs[$0].end) }
    }
  }
}
