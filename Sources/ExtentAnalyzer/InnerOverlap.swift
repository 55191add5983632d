import SpaceModel

/// Host layer against image layer: how much of what lies inside an image is allocated on the host.
public enum InnerOverlap {
  /// Bytes of `runs` that the map has mapped: what the inner filesystem calls free and the host still keeps.
  ///
  /// - Parameter runs: Ascending, apart.
  /// - Complexity: O(extents + runs).
  public static func allocated(_ runs: [ByteRange], in map: ExtentMap) -> UInt64 {
    var total: UInt64 = 0
    overlay(runs, map) { part, _ in total += part.length }
    return total
  }

  /// What punching `runs` would give back: whole units of them in data that is not shared, compressed or inline.
  ///
  /// - Parameter unit: The allocation unit, a power of two.
  public static func reclaimable(_ runs: [ByteRange], in map: ExtentMap, unit: UInt64) -> UInt64 {
    var total: UInt64 = 0
    overlay(runs, map) { part, extent in
      guard !extent.isUnwritten, extent.flags.isDisjoint(with: [.shared, .encoded, .inline]) else { return }
      let start = (part.start &+ (unit - 1)) & ~(unit - 1)
      let end = part.end & ~(unit - 1)
      if end > start { total += end - start }
    }
    return total
  }

  private static func overlay(_ runs: [ByteRange], _ map: ExtentMap, _ handle: (ByteRange, Extent) -> Void) {
    var index = 0
    for run in runs {
      while index < map.count, map[index].range.end <= run.start { index += 1 }
      var at = index
      while at < map.count, map[at].start < run.end {
        if let part = map[at].range.intersection(run) { handle(part, map[at]) }
        at += 1
      }
    }
  }
}
