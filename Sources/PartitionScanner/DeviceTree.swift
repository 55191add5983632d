import LinuxStorage
import SpaceModel

/// The node's block devices and mounts, and how they stand on each other; by text from sysfs and mountinfo alone.
struct DeviceTree {
  let sysroot: Sysroot
  let devices: [BlockDevice]
  /// As the node sees them.
  let mountTable: MountTable
  /// As we see them; the same where the node is this machine.
  private let ownMountTable: MountTable
  private let byName: [String: BlockDevice]
  private let byNumber: [DeviceNumber: BlockDevice]
  private let children: [String: [BlockDevice]]

  init(sysroot: Sysroot, mountTable: MountTable? = nil) {
    self.init(
      sysroot: sysroot, devices: BlockDevice.all(sys: sysroot.sys), mountTable: mountTable ?? sysroot.mountTable())
  }

  init(sysroot: Sysroot, devices: [BlockDevice], mountTable: MountTable) {
    self.sysroot = sysroot
    self.devices = devices
    self.mountTable = mountTable
    ownMountTable = sysroot.isHost ? mountTable : Sysroot.ownMountTable()
    byName = Dictionary(devices.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    byNumber = Dictionary(devices.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
    children = Dictionary(grouping: devices.filter { $0.parent != nil }, by: { $0.parent ?? "" })
  }

  subscript(name: String) -> BlockDevice? { byName[name] }
  subscript(number: DeviceNumber) -> BlockDevice? { byNumber[number] }

  /// The partitions the kernel made of a whole device.
  func partitions(of device: BlockDevice) -> [BlockDevice] { children[device.name] ?? [] }

  /// The whole device a partition belongs to; the device itself where it is none.
  func whole(_ device: BlockDevice) -> BlockDevice { device.parent.flatMap { byName[$0] } ?? device }
}

// MARK: - Mounts

extension DeviceTree {
  /// Every device's mounts, in the kernel's order.
  func mountsByDevice() -> [DeviceNumber: [Mount]] {
    var mounts: [DeviceNumber: [Mount]] = [:]
    for mount in mountTable.mounts {
      if let number = device(of: mount)?.number { mounts[number, default: []].append(mount) }
    }
    return mounts
  }

  /// The block device a mount comes from; `nil` for a filesystem without one.
  func device(of mount: Mount) -> BlockDevice? {
    if let device = byNumber[mount.device] { return device }
    // btrfs gives its mounts an anonymous number (major 0); only the source names a device.
    guard mount.device.major == 0, mount.filesystemType == "btrfs" else { return nil }
    let isSource = { (device: BlockDevice) in
      device.path == mount.source || FilePath("/dev").appending(device.nodeName) == mount.source
    }
    if let device = devices.first(where: isSource) { return device }
    // A link such as /dev/disk/by-label/X. Asking devtmpfs for a node's number opens nothing.
    guard mount.source.hasPrefix("/dev/"), let status = FileStatus.of(sysroot.resolve(mount.source)),
      status.kind == .blockDevice
    else { return nil }
    return byNumber[DeviceNumber(status.specialDevice)]
  }
}

// MARK: - Loop devices

extension DeviceTree {
  /// The image `/` is mounted from; `nil` where `/` is no loop device's filesystem.
  var runningRoot: RunningRoot? {
    guard let mount = mountTable.mounts.last(where: { $0.mountpoint == "/" }),
      let device = device(of: mount).map({ whole($0) }),
      let loop = LoopDevice(device, sysroot: sysroot, isRunningRoot: true),
      let filesystem = mountTable.mount(holding: loop.backingFile),
      let below = loop.backingFile.relative(to: filesystem.mountpoint)
    else { return nil }
    return RunningRoot(
      loop: loop, image: loop.backingFile, imageInFilesystem: filesystem.root.appending(below),
      filesystem: filesystem, partition: self.device(of: filesystem)?.number)
  }

  /// All loop devices that have a file.
  var loops: [LoopDevice] {
    let root = runningRoot?.loop.name
    return devices.compactMap { LoopDevice($0, sysroot: sysroot, isRunningRoot: $0.name == root) }
  }

  /// The block device a loop device's file lies on; `nil` where it lies on none.
  func deviceUnder(loop device: BlockDevice) -> BlockDevice? {
    mountsUnder(loop: device).lazy.compactMap { self.device(of: $0) }.first
  }

  /// Whether a loop device's file lies where nobody else has to answer: in memory, or under an overlay.
  func isOnHarmlessFilesystem(loop device: BlockDevice) -> Bool {
    let type = mountsUnder(loop: whole(device)).first?.filesystemType
    return ["tmpfs", "ramfs", "overlay", "squashfs", "erofs"].contains(type)
  }

  /// The mounts a loop device's file may lie on, the likeliest first.
  private func mountsUnder(loop device: BlockDevice) -> [Mount] {
    guard let shown = device.backingFile else { return [] }
    let path = LoopDevice.path(shown, sysroot: sysroot).path
    // A path outside of the sysroot is one that we see, not the node.
    let isOurs = sysroot.nodePath(shown) == nil
    return [isOurs ? ownMountTable.mount(holding: path) : nil, mountTable.mount(holding: path)].compactMap(\.self)
  }
}

// MARK: - Stacks

extension DeviceTree {
  /// True where another device stands on this one, so that its filesystem is seen up there: a member of multipath, md or
  /// LVM, an opened LUKS container, and the partitions of a disk that is such a member.
  func isFolded(_ device: BlockDevice) -> Bool {
    hasStackOnTop(device) || device.parent.flatMap { byName[$0] }.map(hasStackOnTop) ?? false
  }

  /// The devices of each btrfs that is in use, by sysfs: a mount names only one of them as its source.
  func btrfsDevices() -> [[String]] {
    let directory = sysroot.sys.appending("fs/btrfs")
    return (DirectoryListing.names(directory) ?? []).compactMap { identifier in
      DirectoryListing.names(directory.appending(identifier).appending("devices"))?.compactMap(\.utf8)
    }
  }

  private func hasStackOnTop(_ device: BlockDevice) -> Bool {
    device.holders.contains { DeviceKind($0) == .deviceMapper || DeviceKind($0) == .md }
  }
}
