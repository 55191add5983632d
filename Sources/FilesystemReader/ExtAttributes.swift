import CExt2fs
import Glibc
import LinuxStorage
import SpaceModel

/// The extended attributes of an inode of an unmounted ext filesystem, those in the inode and those in its block.
struct ExtAttributes {
  private let filesystem: ExtFilesystem
  private var buffer: [UInt8]

  /// - Throws: ``StorageError`` `.unsupported` with `ea_inode`, where a value may lie in an inode of its own: libext2fs
  ///   would read as much as such an inode claims.
  init(_ filesystem: ExtFilesystem) throws(StorageError) {
    guard !filesystem.superblock.features.contains("ea_inode") else {
      throw StorageError(
        .unsupported, operation: "read extended attributes in", path: filesystem.source.path,
        message: "its feature ea_inode is not supported", hint: "Mount it and give the directory.")
    }
    self.filesystem = filesystem
    // Never smaller than the struct, whatever the inode size.
    let size = max(Int(filesystem.superblock.inodeSize), MemoryLayout<ext2_inode_large>.stride)
    buffer = [UInt8](repeating: 0, count: size)
  }

  /// What listxattr(2) and getxattr(2) would tell root on a mount.
  mutating func attributes(of number: UInt32, path: FilePath) throws(StorageError) -> [ExtendedAttribute] {
    let filesystem = filesystem
    let inodeSize = Int(filesystem.superblock.inodeSize)
    let fs = filesystem.fs
    let collected = Collected()
    let code: errcode_t = buffer.withUnsafeMutableBytes { bytes in
      guard let start = bytes.baseAddress else { return errcode_t(EXT2_ET_NO_MEMORY) }
      memset(start, 0, bytes.count)
      let inode = start.assumingMemoryBound(to: ext2_inode.self)
      var code = ext2fs_read_inode_full(fs, number, inode, Int32(inodeSize))
      guard code == 0 else { return code }
      guard Self.mayHaveAttributes(UnsafeRawBufferPointer(bytes), inodeSize: inodeSize) else { return 0 }
      var handle: OpaquePointer?
      code = ext2fs_xattrs_open(fs, number, &handle)
      guard code == 0 else { return code }
      defer { _ = ext2fs_xattrs_close(&handle) }
      code = ext2fs_xattrs_read_inode(handle, start.assumingMemoryBound(to: ext2_inode_large.self))
      guard code == 0 else { return code }
      return withExtendedLifetime(collected) {
        ext2fs_xattrs_iterate(
          handle,
          { name, value, length, context in
            guard let name, let context else { return 0 }
            Unmanaged<Collected>.fromOpaque(context).takeUnretainedValue().add(name, value, length)
            return 0
          }, Unmanaged.passUnretained(collected).toOpaque())
      }
    }
    guard code == 0 else {
      throw filesystem.error(code, "read the extended attributes of '\(path.display)' in", filesystem.source.path)
    }
    return try collected.attributes.map { attribute throws(StorageError) in
      guard attribute.name.hasPrefix("system.posix_acl_") else { return attribute }
      guard let value = PosixACL.kernelForm(ofDisk: attribute.value) else {
        throw StorageError(
          .corrupt, operation: "read the ACL of '\(path.display)' in", path: filesystem.source.path,
          message: "it is none", hint: "headroom verify tells what of it is missing.")
      }
      return ExtendedAttribute(name: attribute.name, value: value)
    }
  }

  /// Spares most inodes the round through libext2fs: no block (`i_file_acl`), and no magic behind `i_extra_isize`.
  private static func mayHaveAttributes(_ inode: UnsafeRawBufferPointer, inodeSize: Int) -> Bool {
    func value(_ offset: Int, _ count: Int) -> UInt64 {
      (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(inode[offset + $1]) }
    }
    if value(0x68, 4) != 0 || value(0x76, 2) != 0 { return true }
    guard inodeSize > 128 else { return false }
    let extra = 128 + Int(value(0x80, 2))
    return extra + 4 <= inodeSize && value(extra, 4) == UInt64(EXT2_EXT_ATTR_MAGIC)
  }

  private final class Collected {
    var attributes: [ExtendedAttribute] = []

    func add(_ name: UnsafePointer<CChar>, _ value: UnsafePointer<CChar>?, _ length: Int) {
      let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: length)) } ?? []
      let text = RawArgument.text(of: Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
      // A small file's data, kept as if it were an attribute (inline_data); no mount shows it.
      guard text != "system.data" else { return }
      attributes.append(ExtendedAttribute(name: text, value: bytes))
    }
  }
}

/// POSIX ACLs as bytes.
enum PosixACL {
  /// An ACL as getxattr(2) gives it (linux/posix_acl_xattr.h: version 2, 8 bytes an entry), from ext4's form
  /// (fs/ext4/acl.h: version 1, 4 bytes for the entries that name nobody).
  ///
  /// - Returns: `nil` where it is none.
  static func kernelForm(ofDisk disk: [UInt8]) -> [UInt8]? {
    guard disk.count >= 4, Array(disk[..<4]) == [1, 0, 0, 0] else { return nil }
    var wire: [UInt8] = [2, 0, 0, 0]
    var rest = disk[4...]
    while !rest.isEmpty {
      guard rest.count >= 4, let tag = rest.first, rest[rest.startIndex + 1] == 0 else { return nil }
      switch tag {
      // ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER: nobody is named, which the kernel shows as -1.
      case 0x01, 0x04, 0x10, 0x20:
        wire += rest.prefix(4) + [0xFF, 0xFF, 0xFF, 0xFF]
        rest = rest.dropFirst(4)
      // ACL_USER, ACL_GROUP.
      case 0x02, 0x08:
        guard rest.count >= 8 else { return nil }
        wire += rest.prefix(8)
        rest = rest.dropFirst(8)
      default:
        return nil
      }
    }
    return wire
  }
}
