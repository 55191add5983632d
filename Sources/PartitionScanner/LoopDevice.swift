import LinuxStorage
import SpaceModel

/// A loop device that has a file, from sysfs alone.
public struct LoopDevice: Sendable, Hashable {
  /// `loop3`.
  public var name: String
  public var number: DeviceNumber
  /// As the node sees it, without the mark of a deleted file.
  public var backingFile: FilePath
  /// The file has been deleted; the loop device keeps its space.
  public var isDeleted: Bool
  public var isReadOnly: Bool
  public var sizeBytes: UInt64
  /// `/` is mounted from it.
  public var isRunningRoot: Bool

  /// `nil` for a device that is no loop device or has no file.
  init?(_ device: BlockDevice, sysroot: Sysroot, isRunningRoot: Bool) {
    guard let shown = device.backingFile else { return nil }
    name = device.name
    number = device.number
    (backingFile, isDeleted) = Self.path(shown, sysroot: sysroot)
    isReadOnly = device.isReadOnly
    sizeBytes = device.sizeBytes
    self.isRunningRoot = isRunningRoot
  }

  /// The kernel writes ` (deleted)` behind the path of an unlinked file. A file that is really named so cannot be told
  /// apart without asking its filesystem, which might not answer.
  ///
  /// It writes paths as the reader's root sees them, so one below a sysroot is moved to what the node calls it; one of
  /// a mount that is not in our namespace already is the node's.
  static func path(_ shown: FilePath, sysroot: Sysroot) -> (path: FilePath, isDeleted: Bool) {
    let mark = " (deleted)"
    let isDeleted = shown.hasSuffix(mark)
    let plain = isDeleted ? FilePath(bytes: shown.bytes.dropLast(mark.utf8.count)) : shown
    return (sysroot.nodePath(plain) ?? plain, isDeleted)
  }
}

/// The image `/` is mounted from, and where that lies: the partition that an upgrade of this node writes to.
public struct RunningRoot: Sendable, Hashable {
  public var loop: LoopDevice
  /// The image's path as the node sees it. After an upgrade another file may have that name: see `loop.isDeleted`.
  public var image: FilePath
  /// The image's path from the root of its filesystem, whatever part of it is mounted there.
  public var imageInFilesystem: FilePath
  /// The mount the image lies on.
  public var filesystem: Mount
  /// The partition, as its block device; `nil` where it is none (an overlay, a network filesystem).
  public var partition: DeviceNumber?
}
