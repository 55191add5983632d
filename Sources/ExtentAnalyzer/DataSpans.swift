import SpaceModel

/// The parts of a file that must be read to find zeros: every allocation unit that holds data, in ascending order,
/// neighbours joined. A span may pass the end of the file by the rest of its last unit.
struct DataSpans: Sequence, IteratorProtocol {
  private let map: ExtentMap
  private let unit: UInt64
  private var index = 0
  private var open: ByteRange?

  init(of map: ExtentMap, unit: UInt64) {
    self.map = map
    self.unit = unit
  }

  mutating func next() -> ByteRange? {
    let whole = ByteRange(start: 0, end: map.apparentSize)
    while index < map.count {
      let extent = map[index]
      index += 1
      guard !extent.isUnwritten, let data = extent.range.intersection(whole) else { continue }
      let span = data.expanded(toMultipleOf: unit)
      guard let current = open else {
        open = span
        continue
      }
      if span.start <= current.end {
        open = ByteRange(start: current.start, end: Swift.max(current.end, span.end))
      } else {
        open = span
        return current
      }
    }
    defer { open = nil }
    return open
  }
}
