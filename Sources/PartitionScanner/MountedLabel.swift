import LinuxStorage
import SpaceModel

/// Asks a mounted filesystem for its label, which opens no device.
struct MountedLabel {
  let sysroot: Sysroot
  let mountTable: MountTable

  enum Answer: Hashable {
    /// `nil` for an empty label.
    case label(String?)
    /// The filesystem cannot say, or it could not be reached.
    case unknown
  }

  func ask(_ mounts: [Mount]) -> Answer {
    for mount in mounts.prefix(8) where isSafe(mount) {
      if mount.filesystemType == "squashfs" { return .label(nil) }  // it has none
      guard Self.types.contains(mount.filesystemType) else { continue }
      do throws(StorageError) {
        let directory = try ReadOnlyFile.open(sysroot.resolve(mount.mountpoint), expecting: .directory)
        // Something else may be mounted there by now. btrfs gives every subvolume a number of its own.
        let status = try directory.status()
        guard mount.filesystemType == "btrfs" || DeviceNumber(status.device) == mount.device,
          let label = directory.mountedFilesystemLabel()
        else { continue }
        return .label(label.isEmpty ? nil : RawArgument.text(of: label))
      } catch {
        // Not reachable from here, such as a mount that is hidden by another: the next one, or libblkid, will tell.
        continue
      }
    }
    return .unknown
  }

  /// Those that know FS_IOC_GETFSLABEL.
  private static let types: Set<String> = ["ext2", "ext3", "ext4", "xfs", "btrfs"]

  /// False where the way to the mountpoint leads through a filesystem whose server may not answer, or where another
  /// mount covers it.
  private func isSafe(_ mount: Mount) -> Bool {
    guard mountTable.mount(holding: mount.mountpoint) == mount else { return false }
    let above = mountTable.mounts.filter { mount.mountpoint.relative(to: $0.mountpoint) != nil }
    return !above.contains { other in Self.remote.contains { other.filesystemType.hasPrefix($0) } }
  }

  private static let remote = [
    "fuse", "nfs", "cifs", "smb", "ceph", "9p", "afs", "autofs", "gfs", "ocfs", "glusterfs", "virtiofs", "lustre",
  ]
}
