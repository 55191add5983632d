import LinuxStorage
import SpaceModel

/// Settles what a map calls unwritten.
///
/// FIEMAP without FIEMAP_FLAG_SYNC calls data that has not been written back unwritten, and the flag would write. And
/// SEEK_DATA calls preallocation data once somebody has read it into the page cache (ext4, xfs). So where SEEK_DATA
/// finds data in an unwritten range, its blocks are read: not all zero is data; all zero is unwritten.
enum UnwrittenSettlement {
  /// - Throws: ``StorageError`` where a block cannot be read.
  static func settle(_ map: ExtentMap, of source: any ImageSource) throws(StorageError) -> ExtentMap {
    guard map.source == .fiemap, map.contains(where: \.isUnwritten) else { return map }
    var settled = ExtentMap(apparentSize: map.apparentSize, source: map.source)
    for extent in map {
      if extent.isUnwritten {
        for part in try parts(of: extent, source: source, size: map.apparentSize) { try add(part, to: &settled, source) }
      } else {
        try add(extent, to: &settled, source)
      }
    }
    return settled
  }

  private static func add(
    _ extent: Extent, to map: inout ExtentMap, _ source: any ImageSource
  ) throws(StorageError) {
    do { try map.append(extent) } catch {
      throw StorageError(
        .changed, operation: "read extents of", path: source.path, message: "it changed while it was mapped")
    }
  }

  /// The unwritten extent cut where written data begins and ends.
  private static func parts(
    of extent: Extent, source: any ImageSource, size: UInt64
  ) throws(StorageError) -> [Extent] {
    let block = source.host.blockSize
    var parts: [Extent] = []
    var settledTo = extent.start
    func take(to end: UInt64, written: Bool) {
      guard end > settledTo, var part = extent.clipped(to: ByteRange(start: settledTo, end: end)) else { return }
      if written { part.flags.remove(.unwritten) }
      parts.append(part)
      settledTo = end
    }
    var offset = extent.start
    // Behind the end of the file nothing is written.
    let limit = min(extent.range.end, size)
    while offset < limit, let data = try source.nextData(from: offset), data.start < limit {
      let candidates = ByteRange(start: max(data.start, extent.start), end: min(data.end, limit))
        .expanded(toMultipleOf: block)
      for written in try writtenRuns(in: candidates, source: source, size: size) {
        take(to: max(written.start, extent.start), written: false)
        take(to: min(written.end, extent.range.end), written: true)
      }
      offset = max(data.end, offset + 1)
    }
    take(to: extent.range.end, written: false)
    return parts
  }

  /// Runs of blocks in `range` that do not read as zeros.
  private static func writtenRuns(
    in range: ByteRange, source: any ImageSource, size: UInt64
  ) throws(StorageError) -> [ByteRange] {
    let block = Int(source.host.blockSize)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(block, 256 << 10), alignment: 4096)
    defer { buffer.deallocate() }
    var runs: [ByteRange] = []
    var offset = range.start
    while offset < range.end {
      let want = Int(min(UInt64(buffer.count), range.end - offset))
      let got = try source.readQuietly(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<want]), at: offset)
      guard got > 0 else { break }
      var at = 0
      while at < got {
        let count = min(block, got - at)
        if !ZeroTest.isZero(UnsafeRawBufferPointer(rebasing: buffer[at..<at + count])) {
          let start = offset + UInt64(at)
          if let last = runs.last, last.end == start {
            runs[runs.count - 1].end = start + UInt64(block)
          } else {
            runs.append(ByteRange(start: start, length: UInt64(block)))
          }
        }
        at += block
      }
      offset += UInt64(got)
    }
    return runs
  }
}
