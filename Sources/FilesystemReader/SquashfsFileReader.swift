import CSquashfs
import SpaceModel

/// Reads the start of files in a squashfs: data blocks and fragments.
final class SquashfsFileReader {
  private let image: SquashfsImage
  private var reader: OpaquePointer?
  private var table: OpaquePointer?

  init(_ image: SquashfsImage) { self.image = image }

  deinit {
    if let reader { sqfs_destroy(UnsafeMutableRawPointer(reader)) }
    if let table { sqfs_destroy(UnsafeMutableRawPointer(table)) }
  }

  /// - Parameter size: The file's, by its inode.
  func start(of reference: SquashfsInode.Reference, size: UInt64, limit: Int) throws(StorageError) -> [UInt8] {
    // libsquashfs reads the list of all its blocks first, so a file whose list would be large is none we want.
    guard size <= 1 << 32 else { throw image.corrupt("a small file is \(size) bytes long") }
    let count = Int(min(size, UInt64(max(0, min(limit, 64 << 20)))))
    guard count > 0 else { return [] }
    let reader = try openReader()
    var inode: UnsafeMutablePointer<sqfs_inode_generic_t>?
    var superblock = image.superblock
    let code = sqfs_meta_reader_read_inode(
      try openTable(), &superblock, reference.raw >> 16, Int(reference.raw & 0xFFFF), &inode)
    guard code == 0, let inode else {
      discard()
      throw image.error(code)
    }
    defer { sqfs_free(inode) }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = sqfs_data_reader_read(reader, inode, 0, &bytes, UInt32(count))
    guard got >= 0 else {
      discard()
      throw image.error(got)
    }
    bytes.removeLast(count - min(count, Int(got)))
    return bytes
  }

  private func openReader() throws(StorageError) -> OpaquePointer {
    if let reader { return reader }
    var superblock = image.superblock
    // 16 bytes each, all of them read into memory; real images have some ten thousand.
    guard superblock.fragment_entry_count <= 1 << 22 else { throw image.corrupt("it claims too many fragments") }
    guard
      let created = sqfs_data_reader_create(image.file, Int(superblock.block_size), image.compressor, 0)
    else { throw image.error(SQFS_ERROR_ALLOC.rawValue) }
    let code = sqfs_data_reader_load_fragment_table(created, &superblock)
    guard code == 0 else {
      sqfs_destroy(UnsafeMutableRawPointer(created))
      throw image.error(code)
    }
    reader = created
    return created
  }

  private func openTable() throws(StorageError) -> OpaquePointer {
    if let table { return table }
    guard
      let created = sqfs_meta_reader_create(
        image.file, image.compressor, image.superblock.inode_table_start, image.superblock.directory_table_start)
    else { throw image.error(SQFS_ERROR_ALLOC.rawValue) }
    table = created
    return created
  }

  /// After an error a reader may stand beyond the block it holds.
  private func discard() {
    if let table { sqfs_destroy(UnsafeMutableRawPointer(table)) }
    table = nil
  }
}
