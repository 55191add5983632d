import LinuxStorage
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

  /// What punching `runs` would give back, by the same rules as for zeros that were read.
  ///
  /// - Parameter runs: Ascending, apart: what the inner filesystem calls free, or keeps and does not use.
  public static func reclaimable(
    _ runs: [ByteRange], in measurement: ImageMeasurement, of source: any ImageSource
  ) -> (bytes: UInt64, reasons: [ReclaimableReason]) {
    let unit = measurement.unit.bytes
    guard ReclaimTally.isKnown(source, measurement.unit) else { return (0, [.filesystemNotKnown]) }
    do throws(StorageError) {
      if let items = try source.wholeExtents() {
        var tally = WholeExtentTally(items, map: measurement.map)
        for run in runs { tally.add(run) }
        return (tally.reclaimable, tally.hasKeptZeros ? [.partOfLargerExtent] : [])
      }
    } catch {
      return (0, [.extentsNotReadable])
    }
    var total: UInt64 = 0
    overlay(runs, measurement.map) { part, extent in
      guard !extent.isUnwritten, extent.flags.isDisjoint(with: [.shared, .encoded, .inline]) else { return }
      let start = (part.start &+ (unit - 1)) & ~(unit - 1)
      let end = part.end & ~(unit - 1)
      if end > start { total += end - start }
    }
    return (total, measurement.unit.isCertain ? [] : [.unitInferred])
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
