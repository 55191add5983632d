import LinuxStorage
import SpaceModel

/// What kind of block device a name in sysfs stands for.
enum DeviceKind: Hashable {
  case localDisk
  case nvme
  case deviceMapper
  case md
  case loop
  /// nbd, rbd, drbd: a server at the other end may never answer.
  case network
  /// CD-ROM and floppy: opening one spins it up, waits or logs errors.
  case removableDrive
  /// zram, ram: nothing on it outlives the machine.
  case memory
  case unknown

  init(_ name: String) {
    // The letters before the first digit; disks count in letters behind that: sda4, vdb.
    let stem = name.prefix { $0.isLetter }
    switch stem {
    case "nvme": self = .nvme
    case "dm": self = .deviceMapper
    case "md": self = .md
    case "loop": self = .loop
    case "mmcblk", "pmem": self = .localDisk
    case "nbd", "rbd", "drbd": self = .network
    case "sr", "fd", "scd": self = .removableDrive
    case "zram", "ram": self = .memory
    default:
      let disk = ["sd", "vd", "hd", "xvd", "dasd"].contains { stem.hasPrefix($0) && stem.count > $0.count }
      self = disk ? .localDisk : .unknown
    }
  }
}

/// Why a device is left alone: it can hang, and the audit with it.
enum NotOpened: Hashable {
  case network, removableDrive, memory, servedByThisNode, fabrics, loopElsewhere, stackElsewhere, suspended, unknown

  var reason: String {
    switch self {
    case .network: "network block devices may never answer"
    case .removableDrive: "optical and floppy drives"
    case .memory: "devices in memory"
    case .servedByThisNode: "volumes this node may serve itself (Longhorn)"
    case .fabrics: "NVMe that is not attached by PCIe"
    case .loopElsewhere: "loop devices whose file does not lie on a local disk"
    case .stackElsewhere: "device-mapper or md devices that do not stand on local disks alone"
    case .suspended: "suspended device-mapper devices"
    case .unknown: "devices of a kind that is not known to be a local disk"
    }
  }
}

extension DeviceTree {
  /// Why the device must not be opened; `nil` for one that may be.
  func refusal(_ device: BlockDevice) -> NotOpened? { refusal(device, depth: 0) }

  /// Stacks of this many layers are not real; a loop device whose file lies on itself would go round for ever.
  private static let depthLimit = 16

  private func refusal(_ device: BlockDevice, depth: Int) -> NotOpened? {
    let disk = whole(device)
    guard depth < Self.depthLimit else { return .unknown }
    switch DeviceKind(disk.name) {
    case .localDisk:
      // Longhorn serves its volumes over iSCSI to the node they are on; opening one whose engine is gone hangs.
      return disk.vendor == "IET" && disk.model?.hasPrefix("VIRTUAL-DISK") == true ? .servedByThisNode : nil
    case .nvme:
      return !disk.transports.isEmpty && disk.transports.allSatisfy { $0 == "pcie" } ? nil : .fabrics
    case .deviceMapper, .md:
      if disk.isSuspended { return .suspended }
      let slaves = disk.slaves.map { self[$0] }
      let allLocal = slaves.allSatisfy { slave in slave.map { refusal($0, depth: depth + 1) == nil } ?? false }
      return !slaves.isEmpty && allLocal ? nil : .stackElsewhere
    case .loop:
      guard let below = deviceUnder(loop: disk) else { return .loopElsewhere }
      return refusal(below, depth: depth + 1) == nil ? nil : .loopElsewhere
    case .network: return .network
    case .removableDrive: return .removableDrive
    case .memory: return .memory
    case .unknown: return .unknown
    }
  }
}
