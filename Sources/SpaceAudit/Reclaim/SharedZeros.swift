import ExtentAnalyzer
import SpaceModel

/// Zeros in extents that several of the named images share.
///
/// They stay even when all those images are named: FIEMAP says that an extent is shared and not by how many, so that a file
/// that was not named could keep it, and nothing could be promised. What can be done instead is said.
struct SharedZeros {
  /// Where on the device they lie; ascending and apart.
  private let ranges: [ByteRange]
  private let path: FilePath

  init(_ plan: ReclaimPlan, of path: FilePath) {
    self.path = path
    ranges = ByteRange.union(
      plan.zeroSegments.compactMap { segment in
        guard segment.isShared, let physical = segment.physical else { return nil }
        return ByteRange(start: physical, length: segment.range.length)
      })
  }

  /// Bytes that both have.
  func common(with other: SharedZeros) -> UInt64 {
    var (bytes, mine, theirs) = (UInt64(0), 0, 0)
    while mine < ranges.count, theirs < other.ranges.count {
      if let both = ranges[mine].intersection(other.ranges[theirs]) { bytes += both.length }
      if ranges[mine].end < other.ranges[theirs].end { mine += 1 } else { theirs += 1 }
    }
    return bytes
  }

  /// What to say of an image beside others on its filesystem, a sentence each.
  func notes(beside others: [SharedZeros]) -> [String] {
    others.compactMap { other in
      let bytes = common(with: other)
      guard bytes > 0 else { return nil }
      return
        "\(ByteCount(clamping: bytes)) of its zeros lie in extents that '\(other.path.display)' shares: no hole in one "
        + "file gives those back. Put a copy made with headroom copy --reflink=never in the place of one; it has no zeros, "
        + "and the other can then be dug."
    }
  }
}
