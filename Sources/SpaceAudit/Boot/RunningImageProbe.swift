import LinuxStorage
import PartitionScanner
import SpaceModel

/// Looks at what `/` runs from.
struct RunningImageProbe {
  /// `nil` where `/` is neither an image nor a snapshot.
  private(set) var image: BootDecision.RunningImage?
  /// The image as the node sees it; `nil` where `/` is no image.
  private(set) var path: FilePath?

  init(_ root: RunningRoot?, mounts: MountTable, sysroot: Sysroot) {
    guard let root else {
      image = Self.subvolume(mounts, sysroot)
      return
    }
    path = root.image
    var place = root.imageInFilesystem
    var isDeleted = root.loop.isDeleted
    if isDeleted, let other = RemainingLink.of(root.loop, in: root.filesystem, sysroot) {
      isDeleted = false
      place = other
      path = root.filesystem.mountpoint.appending(other)
    }
    var image = BootDecision.RunningImage(role: ImagePlace.role(of: place), isDeleted: isDeleted)
    if let number = SnapshotPlace.number(in: place) {
      image.snapshot = number
      image.activeSnapshot = Self.activeLink(in: root.filesystem, sysroot)
    }
    self.image = image
  }

  private static func activeLink(in mount: Mount, _ sysroot: Sysroot) -> Int? {
    guard mount.root == "/" else { return nil }
    let link = sysroot.resolve(mount.mountpoint.appending(".snapshots/active"))
    return SmallFile.linkTarget(link).flatMap(SnapshotPlace.number(ofLink:))
  }

  /// elemental 2 on btrfs: `/` is the subvolume `@/.snapshots/N/snapshot`. Which one is the default needs privileges to
  /// ask the filesystem; `state.yaml` says it too.
  private static func subvolume(_ mounts: MountTable, _ sysroot: Sysroot) -> BootDecision.RunningImage? {
    guard let mount = mounts.mounts.last(where: { $0.mountpoint == "/" }), mount.filesystemType == "btrfs",
      let number = SnapshotPlace.number(in: mount.root)
    else { return nil }
    var image = BootDecision.RunningImage()
    image.snapshot = number
    image.activeSnapshot = BtrfsLayout(mounts, device: mount.device, sysroot)?.layout.activeSnapshot
    return image
  }
}
