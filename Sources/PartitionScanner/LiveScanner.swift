import LinuxStorage
import SpaceModel

/// The node's partitions as one scan found them.
public struct LiveScan: Sendable {
  /// In the order of their names in sysfs, `sda2` before `sda10`. Every match of a label is there; nothing is chosen.
  public var partitions: [ScannedPartition]
  /// What was not opened, could not be read or did not answer.
  public var limits: [Limit]
  /// All block devices, in the same order.
  public var devices: [BlockDevice]
  public var loops: [LoopDevice]
  /// `nil` where `/` is no loop device's filesystem.
  public var runningRoot: RunningRoot?
}

/// Finds the partitions of a running node, and opens no device that can hang (docs/limits.md).
///
/// Names, labels and mounts come from mountinfo, sysfs and udev's records, and from mounted filesystems themselves; only
/// what these do not tell is asked of the devices, by a ``DeviceProber``.
public struct LiveScanner: Sendable {
  public let sysroot: Sysroot
  public let prober: any DeviceProber
  /// Open also what can hang.
  public let allDevices: Bool
  /// For tests; `nil` for the node's own.
  var mountTable: MountTable?
  /// For tests, which have no device nodes; `nil` for those below /dev.
  var nodes: (@Sendable (BlockDevice) -> FilePath?)?

  public init(sysroot: Sysroot, prober: any DeviceProber, allDevices: Bool = false) {
    self.sysroot = sysroot
    self.prober = prober
    self.allDevices = allDevices
  }

  /// Scans everything. Nothing that fails here is fatal: it becomes a limit.
  public func scan() -> LiveScan {
    let tree = DeviceTree(sysroot: sysroot, mountTable: mountTable)
    var survey = DeviceSurvey(tree: tree, allDevices: allDevices, nodes: nodes)
    for device in tree.devices { survey.add(device) }
    survey.addParentsForNames()
    survey.probe(with: prober)
    return scan(of: tree, survey)
  }

  /// Scans one device that was asked for by name, of whatever kind: its partitions, or what fills it, with mounts.
  ///
  /// Partitions of a table the kernel has made no devices for (a loop device without `--partscan`) are found by offset.
  ///
  /// - Parameter path: As the node calls it; else as we do.
  /// - Throws: ``StorageError``: `.notFound`, `.wrongType` where it is no block device, `.timedOut`, or what its opening
  ///   and reading gave. Of several partitions one that fails is a limit.
  public func probeExplicit(_ path: FilePath) throws(StorageError) -> LiveScan {
    let tree = DeviceTree(sysroot: sysroot, mountTable: mountTable)
    let device = try self.device(named: path, in: tree)
    var survey = DeviceSurvey(tree: tree, allDevices: true, nodes: nodes)
    let partitions = tree.partitions(of: device)
    if partitions.isEmpty {
      survey.addNamed(device)
      survey.addParentsForNames()
      survey.probe(with: prober)
      if let failure = survey.failure { throw failure }
    } else {
      for partition in partitions { survey.addNamed(partition) }
      survey.addParentsForNames()
      survey.probe(with: prober)
    }
    return scan(of: tree, survey)
  }

  private func scan(of tree: DeviceTree, _ survey: DeviceSurvey) -> LiveScan {
    LiveScan(
      partitions: survey.partitions, limits: survey.limits, devices: tree.devices, loops: tree.loops,
      runningRoot: tree.runningRoot)
  }

  /// stat(2) of a node below /dev opens nothing.
  private func device(named path: FilePath, in tree: DeviceTree) throws(StorageError) -> BlockDevice {
    guard let status = FileStatus.of(sysroot.resolve(path)) ?? FileStatus.of(path) else {
      throw StorageError(
        .notFound, operation: "open", path: path, message: "there is no such device",
        hint: "List the devices with `headroom partitions` or `lsblk`.")
    }
    guard status.kind == .blockDevice else {
      throw StorageError(
        .wrongType, operation: "open", path: path, message: "it is not a block device",
        hint: "Name a disk image with --disk, a file with --image.")
    }
    let number = DeviceNumber(status.specialDevice)
    if let known = tree[number] { return known }
    var unknown = BlockDevice(name: path.lastComponent.display, number: number)
    unknown.nodeName = path.relative(to: "/dev") ?? path.lastComponent
    return unknown
  }
}
