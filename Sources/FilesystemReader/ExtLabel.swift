import CExt2fs
import Glibc
import LinuxStorage
import SpaceModel

/// Changes the label of an unmounted ext2, ext3 or ext4 filesystem in a file, as `tune2fs -L` does: in the superblock and
/// in all its backups, their checksums and times of writing with it. Group descriptors are not written.
public enum ExtLabel {
  /// `s_volume_name` has room for so many bytes.
  public static let longest = 16

  /// Whether a label can be set in what `source` holds; reads only.
  ///
  /// - Throws: ``StorageError``: what ``ExtFilesystem`` throws, or `.unsupported` where its journal was not replayed:
  ///   whoever replays it may put the old superblock back.
  public static func check(_ source: any ByteSource) throws(StorageError) {
    let superblock = try ExtFilesystem(source).superblock
    guard superblock.needsRecovery else { return }
    throw StorageError(
      .unsupported, operation: operation, path: source.path,
      message: "its journal was not replayed, and replaying it may bring the old label back",
      hint: "Replay it with e2fsck -fp, or by mounting the image once.")
  }

  /// - Parameters:
  ///   - label: At most ``longest`` bytes.
  ///   - file: A path that leads to the file, for libext2fs to open.
  ///   - shown: The path for error texts.
  /// - Returns: Where the superblock and its backups lie, 1 KiB each.
  /// - Throws: ``StorageError``. The file is then in an unknown state.
  public static func set(
    _ label: [UInt8], in file: FilePath, shown: FilePath
  ) throws(StorageError) -> [ByteRange] {
    var opened: ext2_filsys?
    let path = file.bytes.map { CChar(bitPattern: $0) } + [0]
    let flags = EXT2_FLAG_RW | EXT2_FLAG_64BITS | EXT2_FLAG_SKIP_MMP
    var code = ext2fs_open2(path, nil, flags, 0, 0, cext2fs_file_manager(), &opened)
    guard code == 0, let fs = opened else { throw error(code, shown) }
    withUnsafeMutableBytes(of: &fs.pointee.super.pointee.s_volume_name) { name in
      for index in name.indices { name[index] = index < label.count ? label[index] : 0 }
    }
    let places = superblocks(of: fs)
    // As tune2fs does: the superblock alone, but all its backups, which libext2fs spares unless told.
    fs.pointee.flags &= ~EXT2_FLAG_MASTER_SB_ONLY
    fs.pointee.flags |= EXT2_FLAG_SUPER_ONLY | EXT2_FLAG_DIRTY | EXT2_FLAG_CHANGED
    code = ext2fs_close2(fs, 0)
    guard code == 0 else {
      ext2fs_free(fs)
      throw error(code, shown)
    }
    return places
  }

  private static let operation = "set the label of"

  private static func superblocks(of fs: ext2_filsys) -> [ByteRange] {
    let size: UInt64 = 1024
    var places = [ByteRange(start: size, length: size)]
    for group in 1..<max(1, fs.pointee.group_desc_count) {
      var block: blk64_t = 0
      guard ext2fs_super_and_bgd_loc2(fs, group, &block, nil, nil, nil) == 0, block > 0 else { continue }
      places.append(ByteRange(start: UInt64(block) * UInt64(fs.pointee.blocksize), length: size))
    }
    return places
  }

  /// unix_io hands errno on as it is; libext2fs's own numbers are far above.
  private static func error(_ code: errcode_t, _ path: FilePath) -> StorageError {
    if code > 0, code < 4096 {
      var failure = WriteFailure.error(path, "pwrite", Int32(code))
      failure.operation = operation
      return failure
    }
    return ExtFilesystem.error(code, operation, path, nil)
  }
}
