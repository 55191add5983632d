import SpaceModel

/// Adds up segments in cells of equal size, for a picture.
public struct CellMap: Sendable {
  public let cellBytes: UInt64
  private let size: UInt64
  /// For each cell as many sums as there are kinds.
  private var sums: [UInt64]

  /// - Parameters:
  ///   - size: The apparent size.
  ///   - limit: At most this many cells, each a whole number of `grain` bytes; 0: none, where nobody asks for them.
  public init(size: UInt64, limit: Int, grain: UInt64 = 4096) {
    guard limit > 0 else {
      (self.size, cellBytes, sums) = (0, grain, [])
      return
    }
    self.size = size
    let even = size / UInt64(limit) + (size % UInt64(limit) == 0 ? 0 : 1)
    cellBytes = max(grain, ByteRange(start: 0, end: even).expanded(toMultipleOf: grain).end)
    let count = Int(size / cellBytes + (size % cellBytes == 0 ? 0 : 1))
    sums = Array(repeating: 0, count: count * Self.kinds)
  }

  private static let kinds = 4

  private static func place(of kind: MapSegment.Kind) -> Int? {
    switch kind {
    case .data: 0
    case .zero: 1
    case .unwritten: 2
    case .unreadable: 3
    case .hole: nil
    }
  }

  /// Takes in a stretch; those that no cell lies in or that are holes leave it as it is.
  public mutating func add(_ segment: MapSegment) {
    guard let kind = Self.place(of: segment.kind) else { return }
    var at = segment.range.start
    let end = min(segment.range.end, size)
    while at < end {
      let cell = Int(at / cellBytes)
      let next = min(end, UInt64(cell + 1) * cellBytes)
      sums[cell * Self.kinds + kind] += next - at
      at = next
    }
  }

  /// What each cell mostly holds: anything unreadable shows; then, where at least half is allocated, the largest
  /// class; else a hole, with or without something in it.
  public var cells: [CellKind] {
    (0..<sums.count / Self.kinds).map { index in
      let sums = Array(self.sums[index * Self.kinds..<(index + 1) * Self.kinds])
      let length = min(cellBytes, size - UInt64(index) * cellBytes)
      let mapped = sums.reduce(0, +)
      if sums[3] > 0 { return .unreadable }
      if mapped == 0 { return .hole }
      if mapped < length - mapped { return .mostlyHole }
      if sums[0] >= max(sums[1], sums[2]) { return .data }
      return sums[1] >= sums[2] ? .zero : .unwritten
    }
  }

  public var holeMap: HoleMap { HoleMap(cellBytes: ByteCount(clamping: cellBytes), cells: cells) }
}
