import CSquashfs
import LinuxStorage
import SpaceModel

/// An opened squashfs: its superblock and what unpacks its blocks.
///
/// Owns libsquashfs' handles. Reads nothing but the superblock until somebody asks. Not thread-safe.
final class SquashfsImage {
  let source: any ByteSource
  var superblock: sqfs_super_t
  let compressor: UnsafeMutablePointer<sqfs_compressor_t>
  private let channel: SquashfsSource
  /// What errors say was tried.
  static let operation = "read the squashfs in"
  /// `-1` in a table's place: the image has no such table.
  static let absent = UInt64.max

  var file: UnsafeMutablePointer<sqfs_file_t> { channel.file }

  /// - Throws: ``StorageError``: `.unsupported` where it is no squashfs 4.0 or its compression is not built in,
  ///   `.truncated` where it ends before what it says it holds, `.corrupt` where its superblock contradicts itself.
  init(_ source: any ByteSource) throws(StorageError) {
    self.source = source
    channel = SquashfsSource(source)
    superblock = sqfs_super_t()
    let code = sqfs_super_read(&superblock, channel.file)
    guard code == 0 else { throw Self.error(code, source, channel) }
    try Self.check(superblock, source)
    compressor = try Self.compressor(superblock, source, channel)
  }

  deinit { sqfs_destroy(compressor) }

  private static func check(_ superblock: sqfs_super_t, _ source: any ByteSource) throws(StorageError) {
    guard superblock.bytes_used <= source.size else {
      throw StorageError(
        .truncated, operation: operation, path: source.path,
        message: "it is cut off: \(source.size) of \(superblock.bytes_used) bytes are there", hint: "Copy it again.")
    }
    // The tables follow one another (squashfs_fs.h); one that is absent lies at -1.
    guard superblock.inode_table_start < superblock.directory_table_start,
      superblock.directory_table_start <= superblock.bytes_used
    else { throw corrupt("its tables overlap", source) }
  }

  private static func compressor(
    _ superblock: sqfs_super_t, _ source: any ByteSource, _ channel: SquashfsSource
  ) throws(StorageError) -> UnsafeMutablePointer<sqfs_compressor_t> {
    let id = SQFS_COMPRESSOR(rawValue: UInt32(superblock.compression_id))
    let name = sqfs_compressor_name_from_id(id).map { String(cString: $0) } ?? "number \(superblock.compression_id)"
    var config = sqfs_compressor_config_t()
    var created: UnsafeMutablePointer<sqfs_compressor_t>?
    var code = sqfs_compressor_config_init(
      &config, id, Int(superblock.block_size), UInt16(SQFS_COMP_FLAG_UNCOMPRESS.rawValue))
    if code == 0 { code = sqfs_compressor_create(&config, &created) }
    guard code == 0, let created else {
      throw StorageError(
        .unsupported, operation: operation, path: source.path,
        message: "it is compressed with \(name), which is not built in",
        hint: "Unpack it with unsquashfs -d DIR and give the directory.")
    }
    // Options that decompression needs to know lie behind the superblock.
    if superblock.flags & UInt16(SQFS_FLAG_COMPRESSOR_OPTIONS.rawValue) != 0 {
      code = created.pointee.read_options(created, channel.file)
      guard code == 0 else {
        sqfs_destroy(created)
        throw error(code, source, channel)
      }
    }
    return created
  }

  // MARK: Errors

  func corrupt(_ message: String) -> StorageError { Self.corrupt(message, source) }

  func error(_ code: Int32) -> StorageError { Self.error(code, source, channel) }

  private static func corrupt(_ message: String, _ source: any ByteSource) -> StorageError {
    StorageError(
      .corrupt, operation: operation, path: source.path, message: message,
      hint: "Compare it with its published checksum, and get it again.")
  }

  /// libsquashfs' error number (sqfs/error.h) in words.
  private static func error(_ code: Int32, _ source: any ByteSource, _ channel: SquashfsSource) -> StorageError {
    if let cause = channel.takeLastError() { return cause }
    switch SQFS_ERROR(rawValue: code) {
    case SFQS_ERROR_SUPER_MAGIC:
      return StorageError(.unsupported, operation: operation, path: source.path, message: "it holds no squashfs")
    case SFQS_ERROR_SUPER_VERSION, SQFS_ERROR_UNSUPPORTED:
      return StorageError(
        .unsupported, operation: operation, path: source.path, message: "its version is not 4.0, the only one known")
    case SQFS_ERROR_ALLOC:
      return StorageError(.io, operation: operation, path: source.path, message: "there is not enough memory")
    case SQFS_ERROR_COMPRESSOR:
      return corrupt("a block cannot be unpacked", source)
    case SQFS_ERROR_OUT_OF_BOUNDS where source.size < 96:
      return StorageError(.unsupported, operation: operation, path: source.path, message: "it holds no squashfs")
    case SQFS_ERROR_OUT_OF_BOUNDS, SQFS_ERROR_OVERFLOW:
      return corrupt("a structure leads out of its table", source)
    case SQFS_ERROR_SUPER_BLOCK_SIZE:
      return corrupt("its block size cannot be", source)
    default:
      return corrupt("it contradicts itself", source)
    }
  }
}
