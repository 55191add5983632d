import SpaceModel

/// In what pieces an image may have been dug: a run of zeros at least that long would not have stayed.
public enum DigGranule {
  /// From here on a copy in large pieces is considered (`dd conv=sparse bs=1M`); tools that dig go by the block.
  private static let coarse: UInt64 = 64 << 10
  private static let largest: UInt64 = 4 << 20

  /// The host's allocation unit, or the large piece that every hole begins and ends on.
  ///
  /// A filesystem that was written through a loop device has holes that end on any block, so that a large common
  /// alignment means a copy that looked at large pieces only.
  public static func of(holes: [ByteRange], size: UInt64, unit: UInt64) -> UInt64 {
    var bits: UInt64 = 0
    var edges = 0
    for hole in holes where hole.start < size {
      bits |= hole.start
      if hole.end < size { bits |= hole.end }
      edges += 1
    }
    guard edges > 0, bits != 0 else { return unit }
    let alignment = bits & (~bits &+ 1)
    return alignment >= coarse ? max(unit, min(alignment, largest)) : unit
  }
}
