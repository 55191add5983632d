import CLinuxStorage
import Glibc
import SpaceModel

/// What was written to a file and is not on the device yet, as far as cachestat(2) tells (Linux 6.5).
extension LiveFile {
  public func awaitWriteback() {
    for _ in 0..<125 {
      var state = cls_cache_state()
      guard cls_cache_state(file.descriptor, 0, size, &state) == 0 else {
        // Kernels before 6.5 do not tell: a moment is given.
        usleep(20_000)
        return
      }
      if state.writeback == 0 { return }
      usleep(2000)
    }
  }

  public func dirtyRuns(in range: ByteRange) -> [ByteRange] {
    // Where several blocks share a page, one of them makes it dirty for all.
    guard host.type == "xfs", host.blockSize >= Self.page else { return [] }
    var runs: [ByteRange] = []
    collectDirty(range, &runs)
    return runs
  }

  /// ext4 answers with what the inode holds until a file that outgrew its inode is written back, and says nothing of what
  /// was written since; nor does SEEK_DATA. All that the file has is dirty then, what the inode held too.
  ///
  /// - Returns: Where it has data; `nil` where all its data is in the inode, or where that cannot be known.
  func runsBesideInlineData() -> [ByteRange]? {
    guard host.type == "ext4", size > 0 else { return nil }
    var runs: [ByteRange] = []
    collectDirty(ByteRange(start: 0, end: size).expanded(toMultipleOf: max(Self.page, host.blockSize)), &runs)
    guard !runs.isEmpty else { return nil }
    // The last page may hold more blocks than the file.
    let end = ByteRange(start: 0, end: size).expanded(toMultipleOf: host.blockSize).end
    return ByteRange.union(runs).map { ByteRange(start: $0.start, end: min($0.end, end)) }
  }

  private static let page = UInt64(sysconf(Int32(_SC_PAGESIZE)))

  /// Halves the range until it is dirty throughout or not at all.
  ///
  /// - Parameter range: Whole blocks and whole pages.
  private func collectDirty(_ range: ByteRange, _ runs: inout [ByteRange]) {
    var state = cls_cache_state()
    guard !range.isEmpty, cls_cache_state(file.descriptor, range.start, range.length, &state) == 0, state.dirty > 0
    else { return }
    let step = max(host.blockSize, Self.page)
    let steps = range.length / step
    guard steps > 1, state.dirty * Self.page < range.length else {
      runs.append(range)
      return
    }
    let middle = range.start + steps / 2 * step
    collectDirty(ByteRange(start: range.start, end: middle), &runs)
    collectDirty(ByteRange(start: middle, end: range.end), &runs)
  }
}
