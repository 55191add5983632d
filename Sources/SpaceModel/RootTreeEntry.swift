/// One name in a directory of a root tree: what an upgrade's copy has to make there, from its inode alone.
public struct RootTreeEntry: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case directory, file, symbolicLink
    /// Device nodes, FIFOs and sockets: an inode, and no data.
    case special
  }

  /// The last component.
  public var name: FilePath
  public var kind: Kind
  /// `st_size`: a file's bytes, holes included, because the copy fills them; the length of a link's target. 0 otherwise.
  public var size: UInt64
  /// Everything listxattr(2) names, POSIX ACLs included, whatever the form of the payload.
  public var attributes: [ExtendedAttribute]
  /// The inode's number, unique within the tree.
  public var inode: UInt64
  /// `st_nlink`; 1 for directories.
  public var links: Int

  public init(
    name: FilePath, kind: Kind, size: UInt64, attributes: [ExtendedAttribute] = [], inode: UInt64, links: Int = 1
  ) {
    self.name = name
    self.kind = kind
    self.size = size
    self.attributes = attributes
    self.inode = inode
    self.links = links
  }
}

/// An extended attribute as xattr(7) has it; what it takes on disk depends on its name and the length of its value.
public struct ExtendedAttribute: Sendable, Hashable {
  /// With its namespace: `security.capability`, `system.posix_acl_access`.
  public var name: String
  /// As getxattr(2) returns it; for an ACL in the kernel's form, 4 bytes and 8 an entry.
  public var value: [UInt8]

  public init(name: String, value: [UInt8]) {
    self.name = name
    self.value = value
  }
}

/// A directory of a root tree with all it holds.
public struct RootTreeDirectory: Sendable, Hashable {
  /// Below the tree's root; the root itself is `/`.
  public var path: FilePath
  public var attributes: [ExtendedAttribute]
  /// Without `.` and `..`, and without what the copy leaves out. In no order.
  public var entries: [RootTreeEntry]

  public init(path: FilePath, attributes: [ExtendedAttribute] = [], entries: [RootTreeEntry]) {
    self.path = path
    self.attributes = attributes
    self.entries = entries
  }
}
