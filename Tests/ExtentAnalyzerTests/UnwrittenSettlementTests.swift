import LinuxStorage
import SpaceModel
import Synchronization
import TestSupport
import Testing

@testable import ExtentAnalyzer

/// Preallocation in many pieces, and files that change between two questions.
@Suite struct UnwrittenSettlementTests {
  @Test(
    "cached preallocation in thousands of pieces is asked for a few times, not once a piece",
    .needsRootAndLoop, .needsTool("fallocate", "perl", "mkfs.ext4", "mkfs.xfs"), arguments: ["ext4", "xfs"])
  func cachedPreallocation(type: String) throws {
    try LoopMount.withFilesystem(type, sizeMiB: 384) { mountpoint, _ in
      let path = "\(mountpoint)/preallocated.img"
      let pieces = 3000
      try Command.check("fallocate", "-l", "\(pieces * 2 * 4096)", path)
      try Command.check(
        "perl", "-e",
        "open(F, '+<', shift) or die; for (0..\(pieces - 1)) { sysseek(F, $_ * 8192, 0); syswrite(F, 'x' x 4096) or die }",
        path)
      try Command.check("sync", "-f", mountpoint)
      let uncached = try UnwrittenSettlement.settledMap(of: live(path))
      try Command.check("cat", path)
      let source = try CountingSource(live(path))
      let map = try UnwrittenSettlement.settledMap(of: source)
      #expect(Array(map) == Array(uncached))
      #expect(map.count == pieces * 2)
      #expect(source.asked < 100, "\(source.asked)")
    }
  }

  @Test("what is listed is what is added up, though the file changed in between")
  func changesInBetween() throws {
    var random = Seed.current.derived(77)
    for _ in 0..<300 {
      let size = UInt64.random(in: 1...400, using: &random) * 512
      let source = try ChangingSource(
        size: size, passed: MapStreamTests.extents(&random), map: MapStreamTests.extents(&random))
      var segments: [MapSegment] = []
      let figures = try ImageAnalyzer().figures(of: source) { segments.append($0) }
      var position: UInt64 = 0
      for segment in segments {
        #expect(segment.range.start == position && segment.range.length > 0)
        position = segment.range.end
      }
      #expect(position == size)
      func sum(_ kind: MapSegment.Kind) -> UInt64 {
        segments.filter { $0.kind == kind }.reduce(0) { $0 + $1.range.length }
      }
      #expect(figures.totals.data == sum(.data), "\(Seed.current)")
      #expect(figures.totals.hole == sum(.hole), "\(Seed.current)")
      #expect(figures.totals.unwritten == sum(.unwritten), "\(Seed.current)")
    }
  }

  private func live(_ path: String) throws -> LiveFile {
    try LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
  }
}

/// Counts how often it is asked where data is.
private final class CountingSource: ImageSource {
  private let base: LiveFile
  private let count = Atomic<Int>(0)
  var asked: Int { count.load(ordering: .relaxed) }
  var path: FilePath { base.path }
  var size: UInt64 { base.size }
  var host: HostFilesystem { base.host }

  init(_ base: LiveFile) { self.base = base }

  func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? {
    count.add(1, ordering: .relaxed)
    return try base.nextData(from: offset)
  }

  func status() throws(StorageError) -> FileStatus { try base.status() }
  func extentMap() throws(StorageError) -> ExtentMap { try base.extentMap() }
  func passExtents(to take: (Extent) -> Bool) throws(StorageError) -> MapSource? { try base.passExtents(to: take) }
  func wholeExtents() throws(StorageError) -> [WholeExtent]? { try base.wholeExtents() }
  func askAllocationUnit() -> UInt64? { base.askAllocationUnit() }
  func awaitWriteback() { base.awaitWriteback() }
  func dirtyRuns(in range: ByteRange) -> [ByteRange] { base.dirtyRuns(in: range) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try base.read(into: buffer, at: offset)
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try base.readQuietly(into: buffer, at: offset)
  }
}

/// A file that is another once its map is taken.
private final class ChangingSource: ImageSource {
  let path: FilePath = "changing.img"
  let size: UInt64
  let host = HostFilesystem(type: "ext4", blockSize: 512, allocationUnit: 512, freeBytes: 0)
  private let passed: [Extent]
  private let map: ExtentMap

  init(size: UInt64, passed: [Extent], map: [Extent]) throws {
    self.size = size
    self.passed = passed
    self.map = try ExtentMap(apparentSize: size, source: .fiemap, extents: map)
  }

  func passExtents(to take: (Extent) -> Bool) -> MapSource? {
    _ = passed.allSatisfy(take)
    return .fiemap
  }

  func status() -> FileStatus { FileStatus(kind: .regular, device: 1, inode: 1, links: 1, size: size, allocated: 0) }
  func extentMap() -> ExtentMap { map }
  func nextData(from offset: UInt64) -> ByteRange? { nil }
  func wholeExtents() -> [WholeExtent]? { nil }
  func askAllocationUnit() -> UInt64? { 512 }
  func awaitWriteback() {}
  func dirtyRuns(in range: ByteRange) -> [ByteRange] { [] }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int { 0 }
  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) -> Int { 0 }
}
