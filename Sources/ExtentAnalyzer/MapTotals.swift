import SpaceModel

/// A map added up by class. `data + hole + unwritten` is the apparent size; `data + unwritten + pastEnd` is what is
/// mapped.
public struct MapTotals: Hashable, Sendable {
  public var data: UInt64 = 0
  public var hole: UInt64 = 0
  public var unwritten: UInt64 = 0
  /// Mapped behind the apparent size, the rest of the last block included.
  public var pastEnd: UInt64 = 0
  /// Mapped below the apparent size and flagged as shared.
  public var shared: UInt64 = 0
  /// Pieces that are contiguous on the device, whatever holes lie between them in the file.
  public var fragments = 0
  /// Whether any extent is compressed, encrypted or inline: `st_blocks` then does not count what is mapped.
  public var hasUncountable = false

  public var mapped: UInt64 { data + unwritten + pastEnd }

  /// - Complexity: O(*n*) in extents.
  public init(of map: ExtentMap) {
    var expected: UInt64?
    for extent in map {
      let end = extent.start + extent.length
      let inside = extent.start < map.apparentSize ? min(end, map.apparentSize) - extent.start : 0
      if extent.isUnwritten { unwritten += inside } else { data += inside }
      pastEnd += extent.length - inside
      if extent.flags.contains(.shared) { shared += inside }
      if !extent.flags.isDisjoint(with: [.encoded, .inline]) { hasUncountable = true }
      if extent.physical == nil || extent.physical != expected { fragments += 1 }
      expected = extent.physical.map { $0 &+ extent.length }
    }
    hole = map.apparentSize - data - unwritten
  }
}
