import CExt2fs
import LinuxStorage
import SpaceModel

/// A look at the filesystem inside an image, without mounting it and without reading file data.
public struct InnerInspection: Sendable {
  /// `nil` where the image holds nothing that is known.
  public var filesystem: InnerFilesystem?
  /// What the inner filesystem calls free: ascending byte ranges of the image. `nil` where its bitmaps were not read.
  public var freeRuns: [ByteRange]?
  /// In use by the format, but never written by anything that matters: inode tables that hold no inode in use, and
  /// reserved group descriptor blocks. Ascending byte ranges of the image.
  public var idleRuns: [ByteRange] = []
  public var os: OperatingSystem?
  /// The os-release file, for telling products apart.
  public var osRelease: [String: String] = [:]
  /// What could not be read, and why.
  public var failure: StorageError?

  /// Never throws: an image whose inside cannot be read is still an image.
  public static func of(_ image: any ByteSource) -> InnerInspection {
    var inspection = InnerInspection()
    do throws(StorageError) {
      guard let type = try ContentSignature.type(of: image) else { return inspection }
      if type == "ext" {
        try inspection.readExt(image)
      } else {
        var inner = InnerFilesystem(filesystemType: type)
        if let summary = try SuperblockSummary.read(image, type: type) {
          inner.filesystemLabel = summary.label
          inner.capacityBytes = summary.capacity.map(ByteCount.init(clamping:))
          inner.usedBytes = summary.used.map(ByteCount.init(clamping:))
          inner.freeBytes = summary.free.map(ByteCount.init(clamping:))
        }
        inspection.filesystem = inner
      }
    } catch {
      inspection.failure = error
    }
    return inspection
  }

  private mutating func readExt(_ image: any ByteSource) throws(StorageError) {
    let ext = try ExtFilesystem(image)
    var inner = InnerFilesystem(filesystemType: ext.superblock.type)
    inner.filesystemLabel = ext.superblock.label
    inner.capacityBytes = ByteCount(clamping: ext.superblock.size)
    filesystem = inner
    let runs = try ext.freeRuns()
    freeRuns = runs
    let free = runs.reduce(0) { $0 + $1.length }
    inner.freeBytes = ByteCount(clamping: free)
    inner.usedBytes = ByteCount(clamping: ext.superblock.size - min(free, ext.superblock.size))
    filesystem = inner
    idleRuns = try ext.idleRuns()
    for path in ["/etc/os-release", "/usr/lib/os-release"] as [FilePath] {
      guard let text = try ext.smallFile(path) else { continue }
      osRelease = OSRelease.fields(text)
      os = OSRelease.operatingSystem(osRelease)
      break
    }
    if let text = try ext.smallFile("/etc/kairos-release") {
      osRelease.merge(OSRelease.kairosFields(text)) { own, _ in own }
    }
  }
}

extension ExtFilesystem {
  /// The bytes of a small text file; `nil` where there is none or it is larger than 64 KiB.
  public func smallFile(_ path: FilePath) throws(StorageError) -> [UInt8]? {
    guard let inode = try lookUp(path) else { return nil }
    let status = try status(of: inode)
    guard status.kind == .regular, status.size <= 64 << 10 else { return nil }
    return try open(inode: inode, path: path).bytes(at: 0, count: Int(status.size))
  }

  /// Inode-table blocks without an inode in use, and reserved group descriptor blocks, as byte ranges.
  ///
  /// The kernel fills a group's table from its start, so by the bitmap a block is idle when none of its inodes is in
  /// use; mke2fs leaves such blocks unwritten on a fresh file (they read as zeros).
  func idleRuns() throws(StorageError) -> [ByteRange] {
    if fs.pointee.inode_map == nil {
      let code = ext2fs_read_inode_bitmap(fs)
      guard code == 0 else { throw error(code, "read the inode bitmaps of", source.path) }
    }
    guard let bitmap = fs.pointee.inode_map else { return [] }
    let perGroup = UInt64(fs.pointee.super.pointee.s_inodes_per_group)
    let perBlock = max(1, blockSize / max(1, superblock.inodeSize))
    var runs: [ByteRange] = []
    for group in 0..<fs.pointee.group_desc_count {
      let table = UInt64(ext2fs_inode_table_loc(fs, group))
      let blocks = UInt64(fs.pointee.inode_blocks_per_group)
      guard table > 0, blocks <= superblock.blockCount, table <= superblock.blockCount - blocks else { continue }
      let first = UInt64(group) * perGroup + 1
      for block in 0..<blocks {
        let from = first + block * perBlock
        let last = min(from + perBlock - 1, first + perGroup - 1)
        guard from <= last, last <= UInt64(fs.pointee.super.pointee.s_inodes_count) else { break }
        var used: UInt32 = 0
        let anyUsed =
          ext2fs_find_first_set_inode_bitmap2(bitmap, UInt32(from), UInt32(last), &used) == 0
        // The reserved inodes up to s_first_ino - 1 count as in use: the bitmap has them set.
        if !anyUsed { add((table + block) * blockSize, blockSize, &runs) }
      }
      let reserved = UInt64(fs.pointee.super.pointee.s_reserved_gdt_blocks)
      if reserved > 0, ext2fs_bg_has_super(fs, group) != 0 {
        let groupStart = UInt64(ext2fs_group_first_block2(fs, group))
        let from = groupStart + 1 + UInt64(fs.pointee.desc_blocks)
        if from + reserved <= superblock.blockCount { add(from * blockSize, reserved * blockSize, &runs) }
      }
    }
    return ByteRange.union(runs)
  }

  private func add(_ start: UInt64, _ length: UInt64, _ runs: inout [ByteRange]) {
    if let last = runs.last, last.end == start {
      runs[runs.count - 1].end = start + length
    } else {
      runs.append(ByteRange(start: start, length: length))
    }
  }
}
