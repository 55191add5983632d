import CExt2fs
import Glibc
import LinuxStorage
import SpaceModel

/// An unmounted ext2, ext3 or ext4 filesystem, read through libext2fs: on a device, in a disk image, or inside an
/// image file that itself lies in such a filesystem.
///
/// Nothing on disk is believed: offsets are checked against the filesystem, loops are bounded. Not thread-safe; what
/// it hands out (``ExtFile``) is.
public final class ExtFilesystem {
  public let source: any ByteSource
  public let superblock: ExtSuperblock
  let fs: ext2_filsys
  private let channel: SourceChannel
  /// libext2fs writes some of what it finds wrong to standard error by itself (bitmaps outside of the filesystem); what
  /// it returns says enough.
  private static let silence: Void = { _ = set_com_err_hook { _, _, _, _ in } }()

  /// Reads the superblock and the group descriptors.
  ///
  /// - Throws: ``StorageError``: `.unsupported` where it is no ext filesystem or has features this build does not
  ///   know, `.corrupt` where its structures contradict themselves, `.truncated` where the source ends too early.
  ///
  /// - Parameter ofMount: It is mounted: only what its mount keeps in the page cache is read, and
  ///   ``ExtSuperblock/overheadBlocks`` is 0 (statfs(2) tells the capacity).
  public init(_ source: any ByteSource, ofMount: Bool = false) throws(StorageError) {
    try SuperblockCheck.check(source)
    _ = Self.silence
    self.source = source
    channel = SourceChannel(source)
    var opened: ext2_filsys?
    let flags = EXT2_FLAG_64BITS | EXT2_FLAG_SOFTSUPP_FEATURES | EXT2_FLAG_SKIP_MMP
    let code = ext2fs_open2(channel.name, nil, flags, 0, 0, channel.manager, &opened)
    guard code == 0, let opened else {
      throw Self.error(code, "read the filesystem in", source.path, channel.takeLastError())
    }
    // libext2fs has checked what it needs itself; these bounds are ours.
    guard ext2fs_blocks_count(opened.pointee.super) <= UInt64(Int64.max) / UInt64(max(1, opened.pointee.blocksize)),
      opened.pointee.group_desc_count > 0
    else {
      ext2fs_free(opened)
      throw StorageError(
        .corrupt, operation: "read the filesystem in", path: source.path,
        message: "its superblock claims a size that cannot be")
    }
    fs = opened
    superblock = ExtSuperblock(opened, countsOverhead: !ofMount)
  }

  deinit { ext2fs_free(fs) }

  /// The filesystem's own size goes beyond what holds it.
  public var isTruncated: Bool { superblock.size > source.size }

  /// `s_uuid` as the kernel and blkid(8) print it, lower case. It marks one machine's filesystem: no report has it.
  public var uuid: String {
    let digits = Array("0123456789abcdef")
    var text = ""
    withUnsafeBytes(of: fs.pointee.super.pointee.s_uuid) { bytes in
      for (index, byte) in bytes.enumerated() {
        if [4, 6, 8, 10].contains(index) { text.append("-") }
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
      }
    }
    return text
  }

  var blockSize: UInt64 { superblock.blockSize }

  /// Free space by the group descriptors, which is what a mount counts; by the bitmaps where the journal was not
  /// replayed, because the descriptors are then as old as the last checkpoint.
  public func freeBytes() throws(StorageError) -> UInt64 {
    if superblock.needsRecovery || superblock.isInUseWithoutJournal {
      return try freeRuns().reduce(0) { $0 + $1.length }
    }
    var clusters: UInt64 = 0
    for group in 0..<fs.pointee.group_desc_count { clusters += UInt64(ext2fs_bg_free_blocks_count(fs, group)) }
    // More than there is of it cannot be free.
    return min(clusters.multipliedClamped(by: superblock.clusterSize), superblock.size)
  }

  /// What the block bitmaps call free: ascending byte ranges in the filesystem.
  ///
  /// - Complexity: O(groups) reads, memory O(runs).
  public func freeRuns() throws(StorageError) -> [ByteRange] {
    if fs.pointee.block_map == nil {
      willReadBlocks((0..<min(fs.pointee.group_desc_count, 4096)).map { ext2fs_block_bitmap_loc(fs, $0) })
      let code = ext2fs_read_block_bitmap(fs)
      guard code == 0 else {
        throw Self.error(code, "read the block bitmaps of", source.path, channel.takeLastError())
      }
    }
    guard let bitmap = fs.pointee.block_map else { return [] }
    var runs: [ByteRange] = []
    var block = UInt64(fs.pointee.super.pointee.s_first_data_block)
    let last = superblock.blockCount - 1
    while block <= last {
      var free: blk64_t = 0
      guard ext2fs_find_first_zero_block_bitmap2(bitmap, block, last, &free) == 0 else { break }
      var used: blk64_t = 0
      let found = ext2fs_find_first_set_block_bitmap2(bitmap, free, last, &used) == 0
      let end = found ? used : last + 1
      // With bigalloc a bit stands for a cluster, and libext2fs answers in its blocks.
      guard end > free else { break }
      runs.append(ByteRange(start: free * blockSize, end: end * blockSize))
      block = end
    }
    return runs
  }

  // MARK: Files

  /// The inode a path leads to, symbolic links in it followed; `nil` where there is none.
  public func lookUp(_ path: FilePath) throws(StorageError) -> UInt32? {
    var inode: ext2_ino_t = 0
    let bytes = path.bytes.map { CChar(bitPattern: $0) } + [0]
    let code = ext2fs_namei_follow(fs, 2, 2, bytes, &inode)
    if code == 0 { return inode }
    if code == errcode_t(EXT2_ET_FILE_NOT_FOUND) || code == errcode_t(EXT2_ET_NO_DIRECTORY)
      || code == errcode_t(EXT2_ET_SYMLINK_LOOP)
    {
      return nil
    }
    throw Self.error(code, "look up '\(path.display)' in", source.path, channel.takeLastError())
  }

  /// The inode's status as stat(2) would give it on a mount.
  public func status(of inode: UInt32) throws(StorageError) -> FileStatus { try readInode(inode).1 }

  func readInode(_ number: UInt32) throws(StorageError) -> (ext2_inode, FileStatus) {
    var inode = ext2_inode()
    let code = ext2fs_read_inode(fs, number, &inode)
    guard code == 0 else { throw Self.error(code, "read inode \(number) of", source.path, channel.takeLastError()) }
    let mode = UInt32(inode.i_mode) & S_IFMT
    let kind: FileStatus.Kind =
      switch mode {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      case S_IFBLK: .blockDevice
      default: .other
      }
    // The high half of the size belongs to regular files alone; elsewhere it is an ACL field.
    let size = UInt64(inode.i_size) | (kind == .regular ? UInt64(inode.i_size_high) << 32 : 0)
    // An inode can claim any number of blocks; more than the filesystem has it does not take.
    let claimed = UInt64(ext2fs_get_stat_i_blocks(fs, &inode)).multipliedClamped(by: 512)
    // ext4_file_getattr() counts inline data as if it took sectors.
    let isInline = inode.i_flags & UInt32(bitPattern: EXT4_INLINE_DATA_FL) != 0
    let inline = isInline && kind == .regular ? ByteRange(start: 0, end: size).expanded(toMultipleOf: 512).length : 0
    let status = FileStatus(
      kind: kind, device: 0, inode: UInt64(number), links: UInt64(inode.i_links_count), size: size,
      allocated: min(claimed.addingClamped(inline), superblock.size))
    return (inode, status)
  }

  /// A regular file, its extents read.
  ///
  /// - Throws: ``StorageError``.
  public func open(inode number: UInt32, path: FilePath) throws(StorageError) -> ExtFile {
    let (inode, status) = try readInode(number)
    guard status.kind == .regular else {
      throw StorageError(.wrongType, operation: "open", path: path, message: "it is not a regular file")
    }
    guard status.size <= UInt64(Int64.max) else {
      throw StorageError(.corrupt, operation: "open", path: path, message: "its size cannot be")
    }
    var inline: [UInt8]?
    if inode.i_flags & UInt32(bitPattern: EXT4_INLINE_DATA_FL) != 0 {
      inline = try inlineData(number, size: status.size)
    }
    let map = try ExtentReader(self, path: path).map(
      inode: number, inode, size: status.size, inlineBytes: inline?.count)
    let host = HostFilesystem(
      type: superblock.type, blockSize: blockSize, allocationUnit: superblock.clusterSize, freeBytes: 0)
    return ExtFile(path: path, base: source, status: status, map: map, host: host, inlineData: inline)
  }

  func inlineData(_ number: UInt32, size: UInt64) throws(StorageError) -> [UInt8] {
    var length = 0
    var code = ext2fs_inline_data_size(fs, number, &length)
    guard code == 0 else { throw Self.error(code, "read inline data in", source.path, channel.takeLastError()) }
    // ext2fs_inline_data_get copies as much as it finds, whatever the buffer holds.
    guard length >= 0, UInt64(length) <= superblock.inodeSize else {
      throw StorageError(
        .corrupt, operation: "read inline data in", path: source.path, message: "it is larger than an inode",
        hint: "headroom verify tells what of it is missing.")
    }
    var buffer = [UInt8](repeating: 0, count: Int(superblock.inodeSize) + 64)
    code = ext2fs_inline_data_get(fs, number, nil, &buffer, &length)
    guard code == 0 else { throw Self.error(code, "read inline data in", source.path, channel.takeLastError()) }
    return Array(buffer.prefix(min(length, Int(clamping: size))))
  }

  static func error(
    _ code: errcode_t, _ operation: String, _ path: FilePath, _ cause: StorageError?
  ) -> StorageError {
    if let cause { return cause }
    switch Int(code) {
    case EXT2_ET_BAD_MAGIC:
      return StorageError(
        .unsupported, operation: operation, path: path, message: "it holds no ext2, ext3 or ext4 filesystem")
    case EXT2_ET_UNSUPP_FEATURE, EXT2_ET_RO_UNSUPP_FEATURE:
      return StorageError(
        .unsupported, operation: operation, path: path, message: "it has features this build does not know",
        hint: "Use a newer headroom.")
    case EXT2_ET_SHORT_READ:
      return StorageError(
        .truncated, operation: operation, path: path, message: "it ends before a structure it should hold",
        hint: "The file or device is shorter than the filesystem in it; copy it again.")
    default:
      return StorageError(
        .corrupt, operation: operation, path: path, message: Self.text(of: code),
        hint: "headroom verify tells what of it is missing.")
    }
  }

  /// Until it is told, com_err knows libext2fs' errors by number only.
  private static let errorTexts: Void = initialize_ext2_error_table()

  private static func text(of code: errcode_t) -> String {
    _ = errorTexts
    return String(cString: error_message(code)).lowercased()
  }

  func error(_ code: errcode_t, _ operation: String, _ path: FilePath) -> StorageError {
    Self.error(code, operation, path, channel.takeLastError())
  }
}
