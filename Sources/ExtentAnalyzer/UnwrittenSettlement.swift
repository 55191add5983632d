import LinuxStorage
import SpaceModel

/// Takes a file's map and settles what it calls unwritten.
///
/// FIEMAP without FIEMAP_FLAG_SYNC calls data that has not been written back unwritten, and the flag would write. And
/// SEEK_DATA calls preallocation data once somebody has read it into the page cache (ext4, xfs). So where SEEK_DATA
/// finds data in an unwritten range, its blocks are read: not all zero is data; all zero is unwritten.
///
/// One kind of zeros looks like that and is data all the same: written, and being written back just now (extents are
/// allocated as unwritten and converted when the write ends). So a map with such blocks is taken again when nothing is
/// being written back, until it says the same twice.
enum UnwrittenSettlement {
  private static let attempts = 5

  /// - Throws: ``StorageError`` where there is no map or a block cannot be read.
  static func settledMap(of source: any ImageSource) throws(StorageError) -> ExtentMap {
    var map = try source.extentMap()
    guard map.source == .fiemap, map.contains(where: \.isUnwritten) else { return map }
    for _ in 0..<attempts {
      let (settled, isDoubtful) = try settle(map, of: source)
      if !isDoubtful { return settled }
      source.awaitWriteback()
      if try isStill(map, of: source) { return settled }
      map = try source.extentMap()
    }
    return try settle(map, of: source).map
  }

  /// - Returns: The map, and whether any block was called unwritten though the page cache holds it.
  private static func settle(
    _ map: ExtentMap, of source: any ImageSource
  ) throws(StorageError) -> (map: ExtentMap, isDoubtful: Bool) {
    // Most of the time nothing is otherwise than the map says, and then there need not be a second one.
    var settled: ExtentMap?
    var isDoubtful = false
    var seeking = DataSeek(source)
    for (index, extent) in map.enumerated() {
      guard extent.isUnwritten else {
        if settled != nil { try add(extent, to: &settled, source) }
        continue
      }
      let parts = try parts(of: extent, &seeking, size: map.apparentSize, &isDoubtful)
      if settled == nil, parts != [extent] {
        settled = ExtentMap(apparentSize: map.apparentSize, source: map.source)
        for before in map[..<index] { try add(before, to: &settled, source) }
      }
      if settled != nil {
        for part in parts { try add(part, to: &settled, source) }
      }
    }
    return (settled ?? map, isDoubtful)
  }

  /// Whether the file's map is the same now.
  private static func isStill(_ map: ExtentMap, of source: any ImageSource) throws(StorageError) -> Bool {
    var expected = map.makeIterator()
    var open: Extent?
    var isSame = true
    let kind = try source.passExtents { extent in
      if let last = open, last.continues(in: extent) {
        open?.length += extent.length
        return true
      }
      if let last = open { isSame = expected.next() == last }
      open = extent
      return isSame
    }
    guard kind != nil else { return try source.extentMap().elementsEqual(map) }
    if let last = open, isSame { isSame = expected.next() == last }
    return isSame && expected.next() == nil
  }

  /// SEEK_DATA and SEEK_HOLE with a memory: of a file whose preallocation is cached, SEEK_HOLE goes to the far end of it each
  /// time.
  private struct DataSeek {
    let source: any ImageSource
    /// The last answer.
    private var data: ByteRange?

    init(_ source: any ImageSource) { self.source = source }

    mutating func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? {
      if let data, data.start <= offset, offset < data.end { return ByteRange(start: offset, end: data.end) }
      data = try source.nextData(from: offset)
      return data
    }
  }

  private static func add(
    _ extent: Extent, to map: inout ExtentMap?, _ source: any ImageSource
  ) throws(StorageError) {
    do { try map?.append(extent) } catch {
      throw StorageError(
        .changed, operation: "read extents of", path: source.path, message: "it changed while it was mapped")
    }
  }

  /// The unwritten extent cut where written data begins and ends.
  private static func parts(
    of extent: Extent, _ seeking: inout DataSeek, size: UInt64, _ isDoubtful: inout Bool
  ) throws(StorageError) -> [Extent] {
    let source = seeking.source
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
    while offset < limit, let data = try seeking.nextData(from: offset), data.start < limit {
      let candidates = ByteRange(start: max(data.start, extent.start), end: min(data.end, limit))
        .expanded(toMultipleOf: block)
      let written = ByteRange.union(
        try writtenRuns(in: candidates, source: source) + source.dirtyRuns(in: candidates))
      if written.reduce(0, { $0 + $1.length }) < candidates.length { isDoubtful = true }
      for written in written {
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
    in range: ByteRange, source: any ImageSource
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
