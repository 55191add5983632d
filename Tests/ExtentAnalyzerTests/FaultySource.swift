import LinuxStorage
import SpaceModel

/// An image in memory that fails where it is told to.
final class FaultySource: ImageSource {
  let path: FilePath = "memory.img"
  let host: HostFilesystem
  let size: UInt64
  private let contents: [UInt8]
  private let map: ExtentMap
  private let badRanges: [ByteRange]
  private let endsAt: UInt64

  /// - Parameters:
  ///   - contents: As long as the file.
  ///   - extents: What is mapped; everything where `nil`.
  ///   - bad: Reads that touch these fail with EIO.
  ///   - endsAt: Reads find the end of the file here, as if somebody had cut it.
  init(
    _ contents: [UInt8], extents: [Extent]? = nil, unit: UInt64 = 4096, bad: [ByteRange] = [], endsAt: UInt64? = nil
  ) throws {
    self.contents = contents
    size = UInt64(contents.count)
    self.endsAt = endsAt ?? size
    badRanges = bad
    host = HostFilesystem(type: "ext4", blockSize: 4096, allocationUnit: unit, freeBytes: 0)
    let whole = ByteRange(start: 0, end: size).expanded(toMultipleOf: 4096)
    map = try ExtentMap(
      apparentSize: size, source: .fiemap,
      extents: extents ?? [Extent(start: 0, length: whole.length, physical: 1 << 20)])
  }

  func status() throws(StorageError) -> FileStatus {
    FileStatus(kind: .regular, device: 1, inode: 1, links: 1, size: size, allocated: map.reduce(0) { $0 + $1.length })
  }

  func extentMap() throws(StorageError) -> ExtentMap { map }
  func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? { nil }
  func wholeExtents() throws(StorageError) -> [WholeExtent]? { nil }
  func askAllocationUnit() -> UInt64? { host.allocationUnit }
  func awaitWriteback() {}
  func dirtyRuns(in range: ByteRange) -> [ByteRange] { [] }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    let range = ByteRange(start: offset, length: UInt64(buffer.count))
    if badRanges.contains(where: { $0.intersection(range) != nil }) {
      throw SystemCallTable.error(operation: "read", path: path, call: "pread", errno: 5, at: offset)
    }
    guard offset < endsAt else { return 0 }
    let part = contents[Int(offset)..<Int(min(range.end, endsAt))]
    buffer.copyBytes(from: part)
    return part.count
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try read(into: buffer, at: offset)
  }
}
