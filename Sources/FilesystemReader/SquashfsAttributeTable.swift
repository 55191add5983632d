import CSquashfs
import LinuxStorage
import SpaceModel

/// The extended attributes of a squashfs.
///
/// squashfs keeps `user.`, `trusted.` and `security.` alone: POSIX ACLs are lost where it is made, and a tree that is read
/// from one has none.
final class SquashfsAttributeTable {
  private let image: SquashfsImage
  private let ids: OpaquePointer
  private let keys: SquashfsTable
  /// Values that are stored once and referred to.
  private let values: SquashfsTable
  private let start: UInt64
  /// Sets by their index: files share them, and so do the arrays.
  private var known: [UInt32: [ExtendedAttribute]] = [:]
  private var bytesLeft = 256 << 20
  /// XATTR_SIZE_MAX and XATTR_LIST_MAX (linux/limits.h).
  private static let kernelLimit = 64 << 10

  /// - Returns: `nil` where the image has no attributes.
  init?(_ image: SquashfsImage) throws(StorageError) {
    let superblock = image.superblock
    guard superblock.xattr_id_table_start != SquashfsImage.absent,
      superblock.flags & UInt16(SQFS_FLAG_NO_XATTRS.rawValue) == 0
    else { return nil }
    let head = try image.source.bytes(at: superblock.xattr_id_table_start, count: 8)
    let table = head.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard head.count == 8, table < superblock.xattr_id_table_start,
      superblock.xattr_id_table_start <= superblock.bytes_used
    else { throw image.corrupt("its attribute table lies out of it") }
    guard let ids = sqfs_xattr_reader_create(0) else { throw image.error(SQFS_ERROR_ALLOC.rawValue) }
    var copy = superblock
    let code = sqfs_xattr_reader_load(ids, &copy, image.file, image.compressor)
    guard code == 0 else {
      sqfs_destroy(UnsafeMutableRawPointer(ids))
      throw image.error(code)
    }
    do throws(StorageError) {
      keys = try SquashfsTable(image, start: table, limit: superblock.xattr_id_table_start)
      values = try SquashfsTable(image, start: table, limit: superblock.xattr_id_table_start)
    } catch {
      sqfs_destroy(UnsafeMutableRawPointer(ids))
      throw error
    }
    self.image = image
    self.ids = ids
    start = table
  }

  deinit { sqfs_destroy(UnsafeMutableRawPointer(ids)) }

  /// The set of attributes that an inode names.
  func attributes(_ index: UInt32) throws(StorageError) -> [ExtendedAttribute] {
    if let set = known[index] { return set }
    var description = sqfs_xattr_id_t()
    let code = sqfs_xattr_reader_get_desc(ids, index, &description)
    guard code == 0 else { throw image.error(code) }
    guard description.count <= Self.kernelLimit / 8 else {
      throw image.corrupt("a file has \(description.count) attributes")
    }
    try seek(keys, description.xattr)
    var set: [ExtendedAttribute] = []
    var setBytesLeft = 16 * Self.kernelLimit
    for _ in 0..<description.count {
      let attribute = try attribute()
      let size = attribute.name.utf8.count + attribute.value.count
      setBytesLeft -= size
      bytesLeft -= size
      guard bytesLeft > 0, setBytesLeft >= 0 else { throw image.corrupt("its attributes are too large") }
      set.append(attribute)
    }
    known[index] = set
    return set
  }

  private func attribute() throws(StorageError) -> ExtendedAttribute {
    let key = try keys.fields([2, 2])
    let prefix = SQFS_XATTR_TYPE(rawValue: UInt32(key[0]) & SQFS_XATTR_PREFIX_MASK.rawValue)
    guard let space = sqfs_get_xattr_prefix(prefix) else {
      throw image.corrupt("an attribute is of a kind that there is not")
    }
    let name = String(cString: space) + RawArgument.text(of: try keys.bytes(Int(key[1])))
    let length = try keys.fields([4])[0]
    guard UInt32(key[0]) & SQFS_XATTR_FLAG_OOL.rawValue != 0 else {
      return ExtendedAttribute(name: name, value: try value(in: keys, length: length))
    }
    guard length == 8 else { throw image.corrupt("an attribute's reference is \(length) bytes long") }
    try seek(values, try keys.fields([8])[0])
    let shared = try values.fields([4])[0]
    return ExtendedAttribute(name: name, value: try value(in: values, length: shared))
  }

  private func value(in table: SquashfsTable, length: UInt64) throws(StorageError) -> [UInt8] {
    guard length <= Self.kernelLimit else { throw image.corrupt("an attribute is \(length) bytes long") }
    return try table.bytes(Int(length))
  }

  private func seek(_ table: SquashfsTable, _ reference: UInt64) throws(StorageError) {
    let (block, overflow) = start.addingReportingOverflow(reference >> 16)
    guard !overflow else { throw image.corrupt("an attribute lies out of its table") }
    try table.seek(block: block, offset: Int(reference & 0xFFFF))
  }
}
