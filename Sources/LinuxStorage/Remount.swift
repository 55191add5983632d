import CLinuxStorage
import Glibc
import SpaceModel

/// One mount as it is now, and the way to make it writable and read-only again, mount(2).
///
/// Everything but that is kept: the flags of the mount and of the filesystem are those mountinfo shows, and the
/// filesystem's own options stay because none is given.
public struct Remount: Hashable, Sendable {
  public let mountpoint: FilePath
  /// Of this mount: `ro`, `nosuid`, `relatime`.
  public let mountOptions: [String]
  /// Of the filesystem, whatever the number of its mounts: `ro`, `errors=remount-ro`.
  public let filesystemOptions: [String]
  private let device: DeviceNumber

  /// Nothing can be written through it.
  public var isReadOnly: Bool { isMountReadOnly || isFilesystemReadOnly }
  private var isMountReadOnly: Bool { mountOptions.contains("ro") }
  private var isFilesystemReadOnly: Bool { filesystemOptions.contains("ro") }

  /// The topmost mount at a place.
  ///
  /// - Returns: `nil` where nothing is mounted there.
  public static func of(_ mountpoint: FilePath) -> Remount? {
    find(mountpoint, in: SmallFile.bytes("/proc/self/mountinfo", limit: 16 << 20) ?? [])
  }

  static func find(_ mountpoint: FilePath, in table: [UInt8]) -> Remount? {
    var found: Remount?
    for line in table.split(separator: UInt8(ascii: "\n")) {
      guard let mount = MountTable(parsing: Array(line)).mounts.first, mount.mountpoint == mountpoint else { continue }
      let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      guard fields.count > 5, let last = fields.last else { continue }
      func words(_ field: ArraySlice<UInt8>) -> [String] {
        String(decoding: field, as: UTF8.self).split(separator: ",").map(String.init)
      }
      found = Remount(
        mountpoint: mountpoint, mountOptions: words(fields[5]), filesystemOptions: words(last), device: mount.device)
    }
    return found
  }

  /// Makes it writable: the filesystem where that is read-only, the mount else.
  ///
  /// A filesystem that becomes writable does so for all its mounts that are not read-only themselves.
  ///
  /// - Throws: ``StorageError``; a write-protected device cannot be made writable.
  public func makeWritable() throws(StorageError) {
    guard isReadOnly else { return }
    // mount(8) and remounting it make the mount read-only with the filesystem; the kernel does not (errors=remount-ro).
    guard isMountReadOnly else {
      throw StorageError(
        .io, operation: "make writable", path: mountpoint,
        message: "the filesystem is read-only and the mount is not, as when the kernel has found errors in it",
        hint: "Look in the kernel log (dmesg), and check the filesystem before anything is written to it.")
    }
    let flags = mountFlags(without: "ro")
    let result =
      isFilesystemReadOnly
      ? withCPath(mountpoint) { cls_remount($0, flags | filesystemFlags(without: "ro"), 0) }
      : withCPath(mountpoint) { cls_remount($0, flags, 1) }
    guard result != 0 else { return }
    var error = SystemCallTable.error(
      operation: "make writable", path: mountpoint, call: "mount(MS_REMOUNT)", errno: -result)
    if result == -EROFS || result == -EACCES {
      error.message = "its device is write-protected"
      error.hint = "Look why; blockdev --setrw DEVICE makes it writable, or attach the loop device without --read-only."
    }
    throw error
  }

  /// Puts it back to what this value says, and makes sure that it is.
  ///
  /// While somebody has a file open for writing the kernel refuses; it is asked again for two seconds.
  ///
  /// - Throws: ``StorageError``, with the command that does it by hand.
  public func restore() throws(StorageError) {
    guard isReadOnly else { return }
    var result: Int32 = 0
    for attempt in 0..<40 {
      if attempt > 0 { usleep(50_000) }
      let flags = mountFlags(without: nil)
      result =
        isFilesystemReadOnly
        ? withCPath(mountpoint) { cls_remount($0, flags | filesystemFlags(without: nil), 0) }
        : withCPath(mountpoint) { cls_remount($0, flags, 1) }
      if result != -EBUSY { break }
    }
    let byHand = "mount -o remount,ro \(mountpoint.display)"
    guard result == 0 else {
      var error = SystemCallTable.error(
        operation: "make read-only again", path: mountpoint, call: "mount(MS_REMOUNT)", errno: -result)
      if result == -EBUSY { error.message = "somebody has a file on it open for writing" }
      error.hint = "It is writable now. Once nobody writes to it: \(byHand)"
      throw error
    }
    guard let now = Remount.of(mountpoint), now == self else {
      throw StorageError(
        .changed, operation: "make read-only again", path: mountpoint,
        message: "its mount options are not those from before", hint: "Compare them in /proc/self/mountinfo; \(byHand)")
    }
  }

  private func mountFlags(without option: String?) -> UInt { Self.flags(mountOptions, without: option) }

  private func filesystemFlags(without option: String?) -> UInt { Self.flags(filesystemOptions, without: option) }

  private static func flags(_ options: [String], without option: String?) -> UInt {
    options.reduce(0) { $1 == option ? $0 : $0 | cls_mount_flag($1) }
  }
}
