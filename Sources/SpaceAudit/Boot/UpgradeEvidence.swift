import LinuxStorage
import PartitionScanner
import SpaceModel

/// What shows that an upgrade is writing to the node's system partitions now.
struct UpgradeEvidence {
  /// A clause each.
  private(set) var clauses: [String] = []
  /// Whether an upgrade that just runs a program would have been noticed.
  private(set) var isCertain = true

  /// - Parameters:
  ///   - devices: Those of the partitions an upgrade would write to, as mounts and `st_dev` name them.
  init(scan: LiveScan, mounts: MountTable, devices: Set<DeviceNumber>, sysroot: Sysroot) {
    let processes = NodeProcesses(sysroot)
    clauses += Self.workTrees(mounts, devices)
    let ownTable = SmallFile.bytes(processes.proc.appending("1/mountinfo"), limit: 16 << 20).map(MountTable.init)
    if let ownTable { clauses += Self.workTrees(ownTable, devices).filter { !clauses.contains($0) } }
    clauses += scan.loops.compactMap { Self.clause($0, scan, mounts, devices) }
    clauses += processes.upgrades()
    isCertain = processes.areAllVisible
    for directory in BootSentinels.directories {
      // suc-upgrade makes the file, holds it with flock(1) while it works, and leaves it behind.
      let lock = directory.appending("upgrade.lock")
      guard let status = FileStatus.of(sysroot.resolve(lock)) else { continue }
      switch processes.isLocked(status) {
      case true: clauses.append("\(lock.display) is locked")
      case false: break
      case nil: isCertain = false
      }
    }
  }

  /// Work trees and images being filled are mounted while an upgrade copies into them: elemental 1 and Kairos below
  /// /run/cos, elemental 2 below /run/elemental.
  private static func workTrees(_ mounts: MountTable, _ devices: Set<DeviceNumber>) -> [String] {
    mounts.mounts.compactMap { mount in
      let isPlace = workPlaces.contains(mount.mountpoint)
      let isTree =
        devices.contains(mount.device)
        && (mount.root.hasSuffix(".imgTree") || mount.root.hasSuffix("/snapshot.workDir"))
      guard isPlace || isTree else { return nil }
      return isTree
        ? "\(mount.root.lastComponent.display) is mounted at \(mount.mountpoint.display)"
        : "\(mount.mountpoint.display) is mounted"
    }
  }

  private static let workPlaces: Set<FilePath> = [
    "/run/cos/workingtree", "/run/cos/transition", "/run/elemental/workingtree", "/run/elemental/transition",
  ]

  private static func clause(
    _ loop: LoopDevice, _ scan: LiveScan, _ mounts: MountTable, _ devices: Set<DeviceNumber>
  ) -> String? {
    guard !loop.isDeleted, !loop.isRunningRoot, let mount = mounts.mount(holding: loop.backingFile),
      devices.contains(mount.device), let below = loop.backingFile.relative(to: mount.mountpoint)
    else { return nil }
    let path = FilePath(bytes: mount.root.appending(below).bytes.drop { $0 == UInt8(ascii: "/") })
    switch ImagePlace.role(of: path) {
    case .transition: break
    // A snapshot is written once, before it becomes the active one.
    case .snapshot where !loop.isReadOnly && path.hasSuffix("/snapshot.img"): break
    default: return nil
    }
    return "\(loop.name) is on \(path.display)"
  }
}
