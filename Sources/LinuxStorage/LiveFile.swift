import CLinuxStorage
import Glibc
import SpaceModel

/// A file on a mounted filesystem, measured through one descriptor.
public final class LiveFile: ImageSource {
  public let file: ReadOnlyFile
  public let host: HostFilesystem
  public let size: UInt64
  public var path: FilePath { file.path }
  private let quiet: QuietReader
  private let askUnit: @Sendable (FileStatus) -> UInt64?

  /// - Parameters:
  ///   - allocationUnit: The ext4 cluster size where the superblock told it; other filesystems' units are their blocks.
  ///   - askUnit: Finds the ext4 cluster size of the filesystem a file lies on; asked only where it matters.
  public init(
    _ file: ReadOnlyFile, allocationUnit: UInt64? = nil,
    askUnit: @escaping @Sendable (FileStatus) -> UInt64? = { _ in nil }
  ) throws(StorageError) {
    self.file = file
    self.askUnit = askUnit
    size = try file.status().size
    quiet = QuietReader(file, size: size)
    let statistics = try FilesystemStatistics.of(file)
    var unit = statistics.type == "ext4" ? allocationUnit : statistics.blockSize
    if statistics.type == "xfs" {
      // A file on the realtime device is freed by realtime extents, whose size fstat does not tell.
      var flags: UInt32 = 0
      if cls_extended_flags(file.descriptor, &flags) == 0, flags & cls_XFLAG_REALTIME != 0 { unit = nil }
    }
    // Network and FUSE filesystems call a transfer size their block, and not always a power of two.
    let isBlock = Self.blockTypes.contains(statistics.type ?? "") && statistics.blockSize.nonzeroBitCount == 1
    host = HostFilesystem(
      type: statistics.type, blockSize: isBlock ? statistics.blockSize : 4096,
      allocationUnit: isBlock ? unit : nil, freeBytes: statistics.free)
  }

  /// Filesystems whose `f_frsize` is the block they allocate.
  private static let blockTypes: Set<String> = [
    "ext4", "xfs", "btrfs", "tmpfs", "f2fs", "vfat", "exfat", "squashfs", "erofs", "overlay",
  ]

  public func status() throws(StorageError) -> FileStatus { try file.status() }

  public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try file.read(into: buffer, at: offset)
  }

  public func willRead(_ ranges: [ByteRange]) { file.willRead(ranges) }

  /// Filesystems whose files are read through the page cache and nowhere past it. Not tmpfs, where looking at a page of a
  /// hole allocates it.
  private static let cachedTypes: Set<String> = ["ext4", "xfs", "btrfs", "f2fs", "vfat", "exfat", "squashfs", "erofs"]

  public func beginScan(of range: ByteRange) -> Bool {
    if quiet.isCached(range) { return true }
    quiet.expectScan()
    return false
  }

  public func beginReadingBlocks(of range: ByteRange) { quiet.expectErrors(in: range) }

  public func zerosInPlace(
    of spans: ArraySlice<ByteRange>, unit: UInt64, size: UInt64, access: ScanAccess
  ) -> [ByteRange]? {
    guard access == .mapping || (access == .automatic && Self.cachedTypes.contains(host.type ?? "")) else { return nil }
    return quiet.zerosInPlace(of: spans, unit: unit, size: size, evenIfAbsent: access == .mapping)
  }

  public func askAllocationUnit() -> UInt64? {
    guard host.type == "ext4", let status = try? file.status() else { return nil }
    if let unit = askUnit(status) { return unit }
    return (try? FilesystemStatistics.of(file)).flatMap { ExtClusterSize.byFreeClusters(status, $0) }
  }

  /// FIEMAP, then SEEK_DATA and SEEK_HOLE, then `st_blocks`.
  public func extentMap() throws(StorageError) -> ExtentMap {
    var map = ExtentMap(apparentSize: size, source: .fiemap)
    var disorder: ExtentOrderError?
    let isKnown = try fiemap { extent in
      do throws(ExtentOrderError) { try map.append(extent) } catch {
        disorder = error
        return false
      }
      return true
    }
    if let disorder {
      throw StorageError(
        .corrupt, operation: "read extents of", path: path,
        message: "the kernel's answer goes backwards at byte \(disorder.extent.start)")
    }
    return isKnown ? map : try seekMap()
  }

  public func passExtents(to take: (Extent) -> Bool) throws(StorageError) -> MapSource? {
    try fiemap(take) ? .fiemap : nil
  }

  private func fiemap(_ take: (Extent) -> Bool) throws(StorageError) -> Bool {
    var reader = FiemapReader(file, size: size, mayDivide: host.type == "ext4" || host.type == "xfs")
    return try reader.pass(besideInlineData: runsBesideInlineData, to: take)
  }

  private func seekMap() throws(StorageError) -> ExtentMap {
    let status = try status()
    var map = ExtentMap(apparentSize: size, source: .seek)
    var offset: UInt64 = 0
    var stalls = 0
    do {
      while offset < size, let data = try nextData(from: offset) {
        let end = min(data.end, size)
        guard data.start < end else { break }
        // Here no page can vanish: a block at a time is no map but an answer that makes no progress.
        stalls += data.length == host.blockSize && data.start == offset ? 1 : 0
        guard stalls < 10_000 else { return ExtentMap(apparentSize: size, source: .blocks) }
        try map.append(Extent(start: data.start, length: end - data.start, physical: nil))
        offset = data.end
      }
    } catch let error as StorageError where error.code == .unsupported {
      return ExtentMap(apparentSize: size, source: .blocks)
    } catch is ExtentOrderError {
      return ExtentMap(apparentSize: size, source: .blocks)
    } catch let error as StorageError {
      throw error
    } catch {
      preconditionFailure("only the two errors above are thrown")
    }
    // A filesystem may "support" SEEK_HOLE by calling everything data (FUSE does); its block count tells better.
    let wholeIsData = map.count == 1 && map[0].start == 0 && map[0].length == size
    if wholeIsData, status.allocated + host.blockSize <= size {
      return ExtentMap(apparentSize: size, source: .blocks)
    }
    return map
  }

  /// - Returns: `nil` where only hole follows.
  public func nextData(from offset: UInt64) throws(StorageError) -> ByteRange? {
    guard let start = Int64(exactly: offset) else { return nil }
    let data = cls_seek_data(file.descriptor, start)
    if data == Int64(-ENXIO) { return nil }
    guard data >= start else { throw seekError("SEEK_DATA", data) }
    let hole = cls_seek_hole(file.descriptor, data)
    // The file was cut behind our back: what there was is data no more.
    if hole == Int64(-ENXIO) { return nil }
    guard hole >= data else { throw seekError("SEEK_HOLE", hole) }
    // The page that made it data was dropped from the cache between the two questions: data for one block, which
    // whoever asked will read.
    return ByteRange(start: UInt64(data), end: hole > data ? UInt64(hole) : UInt64(data) + host.blockSize)
  }

  private func seekError(_ whence: String, _ answer: Int64) -> StorageError {
    guard answer < 0 else {
      return StorageError(
        .unsupported, operation: "find holes of", path: path, message: "lseek(\(whence)) went backwards")
    }
    let code = Int32(clamping: -answer)
    var error = SystemCallTable.error(
      operation: "find holes of", path: path, call: "lseek(\(whence))", errno: code)
    if code == EINVAL { error.code = .unsupported }
    return error
  }

  public func wholeExtents() throws(StorageError) -> [WholeExtent]? {
    guard host.isBtrfs else { return nil }
    let inode = try status().inode
    var items: [WholeExtent] = []
    var batch = [cls_btrfs_extent](repeating: cls_btrfs_extent(), count: 1000)
    var next: UInt64 = 0
    while true {
      let count = cls_btrfs_extents(file.descriptor, inode, &next, &batch, UInt32(batch.count))
      guard count >= 0 else {
        throw SystemCallTable.error(
          operation: "read btrfs extents of", path: path, call: "ioctl(BTRFS_IOC_TREE_SEARCH_V2)", errno: -count)
      }
      if count == 0 { return items }
      for raw in batch[..<Int(count)] where raw.type != 0 && raw.disk_start != 0 {
        items.append(
          WholeExtent(
            file: ByteRange(start: raw.logical, length: raw.length),
            disk: ByteRange(start: raw.disk_start, length: raw.disk_length),
            isEncoded: raw.compression != 0, isUnwritten: raw.type == 2))
      }
    }
  }

  public func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    try quiet.read(into: buffer, at: offset)
  }
}

extension Extent.Flags {
  /// FIEMAP's flags that matter here; the others say how a number was found, not what it is.
  init(fiemap flags: UInt32) {
    self = []
    if flags & cls_FIEMAP_UNWRITTEN != 0 { insert(.unwritten) }
    if flags & cls_FIEMAP_SHARED != 0 { insert(.shared) }
    if flags & cls_FIEMAP_ENCODED != 0 { insert(.encoded) }
    if flags & (cls_FIEMAP_INLINE | cls_FIEMAP_TAIL) != 0 { insert(.inline) }
    if flags & cls_FIEMAP_DELALLOC != 0 { insert(.delayed) }
  }
}
