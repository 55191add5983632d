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
  /// Mapped extents, neighbours joined as in an ``ExtentMap``.
  public var extents = 0
  /// Pieces that are contiguous on the device, whatever holes lie between them in the file.
  public var fragments = 0
  /// Whether any extent is compressed, encrypted or inline: `st_blocks` then does not count what is mapped.
  public var hasUncountable = false

  public var mapped: UInt64 { data + unwritten + pastEnd }

  init() {}

  /// - Complexity: O(*n*) in extents.
  public init(of map: ExtentMap) {
    var tally = MapTally(apparentSize: map.apparentSize)
    for extent in map { tally.add(extent) }
    self = tally.totals
  }
}

/// Adds up the extents of a file as they come, in ascending order, and holds none of them.
struct MapTally {
  private let size: UInt64
  private var sums = MapTotals()
  /// Where the last extent ends, in the file and on the device, and its flags.
  private var last: (end: UInt64, physical: UInt64?, flags: Extent.Flags)?

  init(apparentSize: UInt64) { size = apparentSize }

  mutating func add(_ extent: Extent) {
    let end = extent.start + extent.length
    let inside = extent.start < size ? min(end, size) - extent.start : 0
    if extent.isUnwritten { sums.unwritten += inside } else { sums.data += inside }
    sums.pastEnd += extent.length - inside
    if extent.flags.contains(.shared) { sums.shared += inside }
    if !extent.flags.isDisjoint(with: [.encoded, .inline]) { sums.hasUncountable = true }
    let goesOn = last.map { $0.physical == extent.physical } ?? false
    // What a map would make one with the extent before it.
    let isJoined = last.map { goesOn && $0.end == extent.start && $0.flags == extent.flags } ?? false
    if !isJoined {
      sums.extents += 1
      if extent.physical == nil || !goesOn { sums.fragments += 1 }
    }
    last = (end, extent.physical.map { $0 &+ extent.length }, extent.flags)
  }

  /// Where the last extent so far ends.
  var end: UInt64 { last?.end ?? 0 }

  var totals: MapTotals {
    var totals = sums
    totals.hole = size - totals.data - totals.unwritten
    return totals
  }
}
