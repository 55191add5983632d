import SpaceModel

/// A stretch of a file that is of one kind, as a map picture or an extent list shows it.
public struct MapSegment: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case data, zero, hole, unwritten, unreadable

    /// As a report writes it.
    public var word: StaticString {
      switch self {
      case .data: "data"
      case .zero: "zero"
      case .hole: "hole"
      case .unwritten: "unwritten"
      case .unreadable: "unreadable"
      }
    }
  }

  public var range: ByteRange
  public var kind: Kind
  /// Offset of its first byte in the filesystem's device; `nil` for a hole or where there is none.
  public var physical: UInt64?
  public var isShared: Bool
}

/// Walks a file from its start to its apparent size and hands on every stretch in order, cutting data where zero runs
/// or unreadable units begin and end.
///
/// Runs are taken in as they are found, so neither they nor the segments are ever held in memory.
struct MapWalk {
  private let map: ExtentMap
  private var index = 0
  /// The one at ``index``; `nil` behind the last.
  private var current: Extent?
  /// Everything before it was handed on.
  private(set) var position: UInt64 = 0

  init(_ map: ExtentMap) {
    self.map = map
    current = map.first
  }

  /// Hands on everything before `range`, then the data in it as `kind`.
  mutating func mark(_ range: ByteRange, as kind: MapSegment.Kind, _ handle: (MapSegment) -> Void) {
    advance(to: range.start, dataAs: .data, handle)
    advance(to: range.end, dataAs: kind, handle)
  }

  /// Bytes of data that were not handed on yet.
  var dataLeft: UInt64 {
    let rest = ByteRange(start: min(position, map.apparentSize), end: map.apparentSize)
    return map[index...].reduce(0) { $0 + ($1.isUnwritten ? 0 : $1.range.intersection(rest)?.length ?? 0) }
  }

  /// Hands on what is left.
  mutating func finish(_ handle: (MapSegment) -> Void) {
    advance(to: map.apparentSize, dataAs: .data, handle)
  }

  private mutating func advance(to end: UInt64, dataAs kind: MapSegment.Kind, _ handle: (MapSegment) -> Void) {
    let end = min(end, map.apparentSize)
    while position < end {
      guard let extent = current else {
        // st_blocks alone tells of no place: nothing may be skipped as a hole.
        emit(to: end, map.source == .blocks ? kind : .hole, nil, false, handle)
        return
      }
      let extentEnd = extent.start + extent.length
      if extentEnd <= position {
        index += 1
        current = index < map.count ? map[index] : nil
      } else if extent.start > position {
        emit(to: min(extent.start, end), .hole, nil, false, handle)
      } else {
        let physical = extent.physical.map { $0 &+ (position - extent.start) }
        emit(
          to: min(extentEnd, end), extent.isUnwritten ? .unwritten : kind, physical,
          extent.flags.contains(.shared), handle)
      }
    }
  }

  private mutating func emit(
    to end: UInt64, _ kind: MapSegment.Kind, _ physical: UInt64?, _ isShared: Bool,
    _ handle: (MapSegment) -> Void
  ) {
    handle(
      MapSegment(range: ByteRange(start: position, end: end), kind: kind, physical: physical, isShared: isShared))
    position = end
  }
}
