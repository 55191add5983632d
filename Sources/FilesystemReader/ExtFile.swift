import LinuxStorage
import SpaceModel

/// A regular file inside an unmounted ext filesystem.
///
/// Its map was read when it was opened; its bytes are read through that map from what holds the filesystem, never
/// through libext2fs, so any number of threads may read.
public final class ExtFile: ImageSource {
  public let path: FilePath
  public let host: HostFilesystem
  private let base: any ByteSource
  private let stat: FileStatus
  private let map: ExtentMap
  private let inlineData: [UInt8]?
  public var size: UInt64 { stat.size }

  init(
    path: FilePath, base: any ByteSource, status: FileStatus, map: ExtentMap, host: HostFilesystem,
    inlineData: [UInt8]?
  ) {
    self.path = path
    self.base = base
    self.stat = status
    self.map = map
    self.host = host
    self.inlineData = inlineData
  }

  public func status() throws(StorageError) -> FileStatus { stat }
  public func extentMap() throws(StorageError) -> ExtentMap { map }
  public func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? { nil }
  public func awaitWriteback() {}
  public func dirtyRuns(in range: ByteRange) -> [ByteRange] { [] }
  public func askAllocationUnit() -> UInt64? { host.allocationUnit }
  public func wholeExtents() throws(StorageError) -> [WholeExtent]? { nil }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try read(buffer, offset) { (part, at) throws(StorageError) in try self.base.read(into: part, at: at) }
  }

  public func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try read(buffer, offset) { (part, at) throws(StorageError) in try self.base.readQuietly(into: part, at: at) }
  }

  public func willRead(_ ranges: [ByteRange]) {
    var places: [ByteRange] = []
    for range in ranges {
      var index = map.firstIndex(endingAfter: range.start)
      while index < map.count, let part = map[index].clipped(to: range) {
        if let physical = part.physical, !part.isUnwritten {
          places.append(ByteRange(start: physical, length: part.range.length))
        }
        index += 1
      }
    }
    base.willRead(ByteRange.union(places))
  }

  private func read(
    _ buffer: UnsafeMutableRawBufferPointer, _ offset: UInt64,
    _ fetch: (UnsafeMutableRawBufferPointer, UInt64) throws(StorageError) -> Int
  ) throws(StorageError) -> Int {
    guard offset < size, !buffer.isEmpty else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    let wanted = ByteRange(start: offset, length: UInt64(count))
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
    if let inlineData {
      target.initializeMemory(as: UInt8.self, repeating: 0)
      for (index, byte) in inlineData.dropFirst(Int(offset)).prefix(count).enumerated() { target[index] = byte }
      return count
    }
    var at = offset
    var index = map.firstIndex(endingAfter: offset)
    while at < wanted.end {
      let extent = index < map.count ? map[index].clipped(to: wanted) : nil
      let next = extent?.start ?? wanted.end
      if next > at {
        zero(target, at - offset, next - offset)
        at = next
      }
      guard let extent else { break }
      let part = UnsafeMutableRawBufferPointer(
        rebasing: target[Int(extent.start - offset)..<Int(extent.range.end - offset)])
      if extent.isUnwritten {
        part.initializeMemory(as: UInt8.self, repeating: 0)
      } else if let physical = extent.physical {
        let got = try fetch(part, physical)
        guard got == part.count else {
          throw StorageError(
            .io, operation: "read", path: path,
            message: "the device or image that holds it ends at byte \(physical + UInt64(got)), inside its data",
            hint: "The disk image is truncated; copy it again.")
        }
      }
      at = extent.range.end
      index += 1
    }
    return count
  }

  private func zero(_ buffer: UnsafeMutableRawBufferPointer, _ from: UInt64, _ to: UInt64) {
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[Int(from)..<Int(to)])
    part.initializeMemory(as: UInt8.self, repeating: 0)
  }
}
