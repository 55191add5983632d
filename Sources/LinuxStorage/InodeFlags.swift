import CLinuxStorage

/// What chattr(1) has set on a file (FS_IOC_GETFLAGS).
public struct InodeFlags: Hashable, Sendable {
  /// Nobody may change it.
  public let isImmutable: Bool
  /// Nothing but its end may be written.
  public let isAppendOnly: Bool
  /// ext4: it is mapped by an extent tree, and not by indirect blocks as on ext2 and ext3.
  public let hasExtents: Bool

  /// `nil` where the filesystem keeps no such flags.
  public static func of(_ file: ReadOnlyFile) -> InodeFlags? {
    var raw: UInt32 = 0
    guard cls_inode_flags(file.descriptor, &raw) == 0 else { return nil }
    return InodeFlags(
      isImmutable: raw & cls_INODE_IMMUTABLE != 0, isAppendOnly: raw & cls_INODE_APPEND != 0,
      hasExtents: raw & cls_INODE_EXTENTS != 0)
  }
}
