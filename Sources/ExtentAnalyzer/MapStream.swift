import SpaceModel

/// Adds up extents as they come and hands on the stretches of the file, holding no more than the last extent: the next one
/// may go on in it, and a map would make them one.
struct MapStream {
  private let size: UInt64
  private let handle: ((MapSegment) -> Void)?
  private var tally: MapTally
  private var last: Extent?
  /// Everything before it was handed on.
  private var position: UInt64 = 0

  /// - Parameter onSegment: `nil`: the sums are all that is asked for.
  init(apparentSize: UInt64, onSegment: ((MapSegment) -> Void)?) {
    size = apparentSize
    handle = onSegment
    tally = MapTally(apparentSize: apparentSize)
  }

  /// - Precondition: It begins where the one before it ends, or behind that.
  mutating func add(_ extent: Extent) {
    tally.add(extent)
    guard let handle else { return }
    if let before = last, before.continues(in: extent) {
      last?.length += extent.length
    } else {
      handOn(handle)
      last = extent
    }
  }

  /// Adds what a map has behind everything that was added.
  mutating func addRest(of map: ExtentMap) {
    let taken = tally.end
    for extent in map[map.firstIndex(endingAfter: taken)...] {
      if let rest = extent.clipped(to: ByteRange(start: taken, end: .max)) { add(rest) }
    }
  }

  /// Hands on what is left.
  mutating func finish() -> MapTotals {
    if let handle {
      handOn(handle)
      fill(to: size, handle)
    }
    return tally.totals
  }

  private mutating func handOn(_ handle: (MapSegment) -> Void) {
    guard let extent = last else { return }
    last = nil
    fill(to: min(extent.start, size), handle)
    let end = min(extent.start + extent.length, size)
    guard extent.start < end else { return }
    handle(
      MapSegment(
        range: ByteRange(start: extent.start, end: end), kind: extent.isUnwritten ? .unwritten : .data,
        physical: extent.physical, isShared: extent.flags.contains(.shared)))
    position = end
  }

  private mutating func fill(to end: UInt64, _ handle: (MapSegment) -> Void) {
    guard position < end else { return }
    handle(
      MapSegment(range: ByteRange(start: position, end: end), kind: .hole, physical: nil, isShared: false))
    position = end
  }
}
