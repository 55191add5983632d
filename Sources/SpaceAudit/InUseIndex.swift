import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// Which files of a mounted partition something holds open in the kernel: loop devices, the running root among them,
/// and files that were deleted while they were in use.
struct InUseIndex {
  private var holders: [Inode: ImageInUse] = [:]
  private(set) var findings: [Finding] = []

  private struct Inode: Hashable {
    var device: UInt64
    var number: UInt64
  }

  /// Nothing is in use: an unmounted filesystem.
  init() {}

  init(partition: ScannedPartition, name: String, scan: LiveScan, sysroot: Sysroot, mounts: MountTable) {
    let places = Set(partition.mounts.map(\.mountpoint))
    let devices = Set(partition.mounts.map(\.device))
    let ours = sysroot.isHost ? mounts : Sysroot.ownMountTable()
    for loop in scan.loops {
      // By text first: asking a filesystem that does not answer would never return.
      let file: FilePath
      if let mount = mounts.mount(holding: loop.backingFile), places.contains(mount.mountpoint) {
        file = sysroot.resolve(loop.backingFile)
      } else if let mount = ours.mount(holding: loop.backingFile), devices.contains(mount.device) {
        // Attached through a mount outside of the sysroot.
        file = loop.backingFile
      } else {
        continue
      }
      if loop.isDeleted, let status = Self.remaining(loop, partition, sysroot) {
        add(loop, to: Inode(device: status.device, number: status.inode))
      } else if loop.isDeleted {
        findings.append(Self.deleted(loop, on: name))
      } else if let status = FileStatus.of(file) {
        add(loop, to: Inode(device: status.device, number: status.inode))
      }
    }
    findings += Self.deletedButOpen(on: places, devices: devices, mounts: ours, name: name, sysroot: sysroot)
  }

  func holder(of status: FileStatus) -> ImageInUse? {
    holders[Inode(device: status.device, number: status.inode)]
  }

  private mutating func add(_ loop: LoopDevice, to inode: Inode) {
    let by = loop.isRunningRoot ? "running root (\(loop.name))" : loop.name
    if let other = holders[inode] {
      holders[inode] = ImageInUse(by: "\(other.by), \(by)", writable: other.writable || !loop.isReadOnly)
    } else {
      holders[inode] = ImageInUse(by: by, writable: !loop.isReadOnly)
    }
  }

  /// The file of a loop device that has lost the name it had when it was attached, and has another.
  private static func remaining(_ loop: LoopDevice, _ partition: ScannedPartition, _ sysroot: Sysroot) -> FileStatus? {
    guard let mount = partition.mounts.first(where: { $0.root == "/" }),
      let link = RemainingLink.of(loop, in: mount, sysroot)
    else { return nil }
    return FileStatus.of(sysroot.resolve(mount.mountpoint.appending(link)))
  }

  private static func deleted(_ loop: LoopDevice, on name: String) -> Finding {
    let path = loop.backingFile.display
    return Finding(
      .backingFileDeleted, loop.isRunningRoot ? .info : .warning, target: "\(name):\(path)",
      message: "\(loop.isRunningRoot ? "The running root" : loop.name) still uses the deleted file \(path) "
        + "(\(ByteCount(clamping: loop.sizeBytes)) apparent): what it takes is given back when that ends.",
      // It may be the only system that is known to boot: an upgrade from passive replaces what runs.
      remedy: loop.isRunningRoot
        ? "Reboot once what the next boot takes is known to be whole: the image that runs is lost then."
        : "losetup --detach /dev/\(loop.name)")
  }

  /// Files of the partition that processes hold open though no path leads to them any more, from 1 MiB on.
  ///
  /// - Parameter mounts: As we see them, which is how /proc shows what is open.
  private static func deletedButOpen(
    on places: Set<FilePath>, devices: Set<DeviceNumber>, mounts: MountTable, name: String, sysroot: Sysroot
  ) -> [Finding] {
    let proc = SmallFile.exists(sysroot.resolve("/proc/1")) ? sysroot.resolve("/proc") : "/proc"
    let mark = " (deleted)"
    var seen: Set<UInt64> = []
    var findings: [Finding] = []
    for process in DirectoryListing.names(proc) ?? [] {
      guard let first = process.bytes.first, (0x30...0x39).contains(first) else { continue }
      let descriptors = proc.appending(process).appending("fd")
      for descriptor in DirectoryListing.names(descriptors) ?? [] {
        let link = descriptors.appending(descriptor)
        guard let target = SmallFile.linkTarget(link), target.hasSuffix(mark) else { continue }
        let path = FilePath(bytes: target.bytes.dropLast(mark.utf8.count))
        // By text first: what lies on another mount might not answer. Then by device: another mount namespace may have
        // another file at that path.
        let place = mounts.mount(holding: path)
        guard place.map({ devices.contains($0.device) }) ?? false,
          places.contains(where: { sysroot.nodePath(path)?.relative(to: $0) != nil && $0 != "/" }),
          let status = FileStatus.of(link), devices.contains(DeviceNumber(status.device)),
          status.allocated >= 1 << 20, seen.insert(status.inode).inserted
        else { continue }
        let command = SmallFile.text(proc.appending(process).appending("comm")) ?? "?"
        findings.append(
          Finding(
            .backingFileDeleted, .warning, target: "\(name):\(path.display)",
            message: "Process \(process.display) (\(DisplayText.escaped(command))) holds the deleted file "
              + "\(path.display) open: \(ByteCount(clamping: status.allocated)) that no path leads to.",
            remedy: "Stop process \(process.display) when it may be stopped."))
      }
    }
    return findings
  }
}
