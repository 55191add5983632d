import CLinuxStorage
import Glibc
import SpaceModel

/// The root directory of the node that is audited: `/`, or a node's root mounted elsewhere (`--sysroot /host`).
///
/// Paths in results are always those the node itself sees.
public struct Sysroot: Hashable, Sendable {
  public let path: FilePath

  public init(_ path: FilePath = "/") { self.path = path }

  public var isHost: Bool { path.components.isEmpty }

  /// Its path, as commands have to name it; `nil` for this machine's own root.
  public var pathIfElsewhere: FilePath? { isHost ? nil : path }

  /// Where we find what the node calls `path`. Symbolic links in it that are absolute lead out of the node's root and are
  /// followed in ours.
  public func resolve(_ path: FilePath) -> FilePath { isHost ? path : self.path.appending(path) }

  /// Where we find a device node: below the node's root where its /dev is there, else at our own, which leads to the same
  /// kernel's device.
  public func resolve(device path: FilePath) -> FilePath {
    let below = resolve(path)
    return SmallFile.exists(below) || !SmallFile.exists(path) ? below : path
  }

  /// What the node calls what we find at `path`; `nil` for a path outside of its root.
  public func nodePath(_ path: FilePath) -> FilePath? {
    if isHost { return path }
    guard let below = path.relative(to: self.path) else { return nil }
    return FilePath("/").appending(below)
  }

  /// The kernel's sysfs: the node's where it is mounted there, else ours, which is the same kernel's.
  public var sys: FilePath {
    let own = resolve("/sys")
    return isHost || SmallFile.exists(own.appending("class/block")) ? own : "/sys"
  }

  /// The mounts below the node's root that we can reach, with their mountpoints as the node sees them.
  public func mountTable() -> MountTable {
    // A bind of the node's root without its /proc still shows in our own table.
    let ours = Self.ownMountTable()
    if isHost { return ours }
    return MountTable(
      mounts: ours.mounts.compactMap { mount in
        guard let seen = nodePath(mount.mountpoint) else { return nil }
        var moved = mount
        moved.mountpoint = seen
        return moved
      })
  }

  /// Our own mounts as we see them. sysfs writes paths as the reader's root has them, so this is the table to look them
  /// up in.
  public static func ownMountTable() -> MountTable {
    MountTable(parsing: SmallFile.bytes("/proc/self/mountinfo", limit: 16 << 20) ?? [])
  }
}

/// Small text files: sysfs attributes, os-release, udev records.
public enum SmallFile {
  public static func exists(_ path: FilePath) -> Bool { withCPath(path) { access($0, F_OK) } == 0 }

  /// The first `limit` bytes; `nil` where it cannot be read.
  public static func bytes(_ path: FilePath, limit: Int = 64 << 10) -> [UInt8]? {
    let descriptor = withCPath(path) { cls_open_read(AT_FDCWD, $0, 0) }
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count < limit {
      let got = Glibc.read(descriptor, &piece, min(piece.count, limit - bytes.count))
      if got > 0 {
        bytes.append(contentsOf: piece[..<got])
      } else if got == 0 {
        return bytes
      } else if errno != EINTR {
        return nil
      }
    }
    return bytes
  }

  /// The text without white space at its end, where there is any and it is UTF-8.
  public static func text(_ path: FilePath) -> String? {
    guard var bytes = bytes(path) else { return nil }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }

  /// readlink(2).
  public static func linkTarget(_ path: FilePath) -> FilePath? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = withCPath(path) { readlink($0, &buffer, buffer.count) }
    return length > 0 ? FilePath(bytes: buffer[..<length].map { UInt8(bitPattern: $0) }) : nil
  }
}
