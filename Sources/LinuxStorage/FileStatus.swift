import CLinuxStorage
import Glibc
import SpaceModel

/// What fstat(2) says of a file.
public struct FileStatus: Hashable, Sendable {
  public enum Kind: Sendable, Hashable {
    case regular, directory, symbolicLink, blockDevice, other
  }

  /// The filesystem's device (`st_dev`) and the file's number on it.
  public var device: UInt64
  public var inode: UInt64
  public var kind: Kind
  /// `st_mode`, with the type bits.
  public var mode: UInt32 = 0
  public var owner: UInt32 = 0
  public var group: UInt32 = 0
  public var links: UInt64
  /// `st_size`; for a block device its size.
  public var size: UInt64
  /// 512 × `st_blocks`.
  public var allocated: UInt64
  public var modified: Time
  public var changed: Time
  /// `st_rdev`, of a device node.
  public var specialDevice: UInt64

  public struct Time: Hashable, Sendable {
    public var seconds: Int64
    public var nanoseconds: Int64
  }

  init(_ raw: stat) {
    device = UInt64(raw.st_dev)
    inode = UInt64(raw.st_ino)
    links = UInt64(raw.st_nlink)
    mode = raw.st_mode
    owner = raw.st_uid
    group = raw.st_gid
    size = UInt64(max(0, raw.st_size))
    // st_blocks counts 512-byte units whatever st_blksize says.
    allocated = UInt64(max(0, raw.st_blocks)).multipliedClamped(by: 512)
    modified = Time(seconds: Int64(raw.st_mtim.tv_sec), nanoseconds: Int64(raw.st_mtim.tv_nsec))
    changed = Time(seconds: Int64(raw.st_ctim.tv_sec), nanoseconds: Int64(raw.st_ctim.tv_nsec))
    specialDevice = UInt64(raw.st_rdev)
    switch raw.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    case S_IFBLK: kind = .blockDevice
    default: kind = .other
    }
  }

  public init(kind: Kind, device: UInt64, inode: UInt64, links: UInt64, size: UInt64, allocated: UInt64) {
    self.kind = kind
    self.device = device
    self.inode = inode
    self.links = links
    self.size = size
    self.allocated = allocated
    modified = Time(seconds: 0, nanoseconds: 0)
    changed = modified
    specialDevice = 0
  }

  /// stat(2) of a path, links followed; `nil` where there is nothing or it cannot be asked.
  public static func of(_ path: FilePath) -> FileStatus? {
    var raw = stat()
    return withCPath(path) { stat($0, &raw) } == 0 ? FileStatus(raw) : nil
  }
}

/// `major:minor`, as sysfs and mountinfo write a device number.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  public var major: UInt32
  public var minor: UInt32

  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }

  /// From `st_dev` or `st_rdev`.
  public init(_ raw: UInt64) {
    major = cls_major(raw)
    minor = cls_minor(raw)
  }

  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let major = UInt32(parts[0]), let minor = UInt32(parts[1]) else { return nil }
    self.init(major: major, minor: minor)
  }

  public var description: String { "\(major):\(minor)" }
}

extension FileStatus.Kind {
  func check(
    is expected: ReadOnlyFile.Expected, path: FilePath, operation: String
  ) throws(StorageError) {
    let fits: Bool
    let wanted: String
    switch expected {
    case .regularFile: (fits, wanted) = (self == .regular, "a regular file")
    case .regularFileOrBlockDevice:
      (fits, wanted) = (self == .regular || self == .blockDevice, "a file or block device")
    case .blockDevice: (fits, wanted) = (self == .blockDevice, "a block device")
    case .directory: (fits, wanted) = (self == .directory, "a directory")
    }
    guard !fits else { return }
    let found =
      switch self {
      case .regular: "a regular file"
      case .directory: "a directory"
      case .symbolicLink: "a symbolic link"
      case .blockDevice: "a block device"
      case .other: "a FIFO, socket or character device"
      }
    throw StorageError(
      .wrongType, operation: operation, path: path, message: "it is \(found), not \(wanted)",
      hint: self == .directory
        ? "Name the files in it, or use --sysroot for a node's root directory." : "Name \(wanted).")
  }
}
