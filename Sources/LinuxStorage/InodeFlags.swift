import CLinuxStorage
import SpaceModel

/// What chattr(1) has set on a file (FS_IOC_GETFLAGS).
public struct InodeFlags: Hashable, Sendable {
  private let raw: UInt32

  /// Nobody may change it.
  public var isImmutable: Bool { raw & cls_INODE_IMMUTABLE != 0 }
  /// Nothing but its end may be written.
  public var isAppendOnly: Bool { raw & cls_INODE_APPEND != 0 }
  /// ext4: it is mapped by an extent tree, and not by indirect blocks as on ext2 and ext3.
  public var hasExtents: Bool { raw & cls_INODE_EXTENTS != 0 }

  /// The same without what keeps a file from being changed.
  public var changeable: InodeFlags { InodeFlags(raw: raw & ~(cls_INODE_IMMUTABLE | cls_INODE_APPEND)) }

  private init(raw: UInt32) { self.raw = raw }

  /// `nil` where the filesystem keeps no such flags.
  public static func of(_ file: ReadOnlyFile) -> InodeFlags? {
    var raw: UInt32 = 0
    return cls_inode_flags(file.descriptor, &raw) == 0 ? InodeFlags(raw: raw) : nil
  }

  /// Sets them (FS_IOC_SETFLAGS), which a descriptor that is open for reading is enough for; it needs
  /// CAP_LINUX_IMMUTABLE and a writable mount, and changes the file's change time.
  ///
  /// - Throws: ``StorageError``.
  public func set(on file: ReadOnlyFile) throws(StorageError) {
    let result = cls_set_inode_flags(file.descriptor, raw)
    guard result == 0 else {
      throw SystemCallTable.error(
        operation: "set the flags of", path: file.path, call: "ioctl(FS_IOC_SETFLAGS)", errno: -result)
    }
  }
}
