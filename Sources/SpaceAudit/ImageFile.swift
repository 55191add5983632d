import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// One image file that was named, and the filesystem it lies on.
struct ImageFile {
  private let file: ReadOnlyFile
  private let status: FileStatus
  private let scanned: ScannedPartition
  private let mounted: MountedPartition?
  private let mounts: MountTable
  private let scan: LiveScan
  private let sysroot: Sysroot

  /// - Parameter path: As we see it; else as the node does.
  /// - Throws: ``StorageError`` where it cannot be opened or is no regular file.
  init(_ path: FilePath, sysroot: Sysroot) throws(StorageError) {
    self.sysroot = sysroot
    let place = sysroot.isHost || SmallFile.exists(path) ? path : sysroot.resolve(path)
    file = try ReadOnlyFile.open(place, expecting: .regularFile, shown: path)
    status = try file.status()
    mounts = sysroot.mountTable()
    // Nothing is opened to find the device: it is known by its number.
    scan = LiveScanner(sysroot: sysroot, prober: NoProber()).scan()
    let device = DeviceNumber(status.device)
    if let known = scan.partitions.first(where: { partition in
      partition.mounts.contains { $0.device == device } || partition.deviceNumber == device
    }) {
      scanned = known
    } else {
      let mount = mounts.mounts.last { $0.device == device } ?? file.resolvedPath.flatMap(mounts.mount(holding:))
      var unknown = ScannedPartition(device: mount?.source ?? "?")
      unknown.filesystemType = mount?.filesystemType
      unknown.mounts = mount.map { [$0] } ?? []
      unknown.isLocal = false
      scanned = unknown
    }
    mounted = try? MountedPartition(scanned, sysroot: sysroot)
  }

  func survey(quick: Bool, monitor: AuditMonitor) throws(StorageError) -> PartitionSurvey {
    var partition: Partition
    if let mounted {
      partition = mounted.figures()
    } else {
      partition = Partition(device: scanned.device, state: .mounted)
      partition.describe(scanned)
    }
    var survey = PartitionSurvey(partition)
    let inUse = InUseIndex(
      partition: scanned, name: partition.name, scan: scan, sysroot: sysroot, mounts: mounts)
    let unit = mounted?.superblock?.clusterSize
    let file = file
    let entry = TreeEntry(
      path: pathInFilesystem, status: status,
      list: { () throws(StorageError) in TreeListing() },
      open: { () throws(StorageError) in try LiveFile(file, allocationUnit: unit) },
      linkTarget: { nil })
    try survey.addImages(ImageSearch(single: entry), inUse: inUse, quick: quick, monitor: monitor)
    return survey
  }

  /// The path below the filesystem's root; as given where no mount of it is known.
  private var pathInFilesystem: FilePath {
    guard let absolute = file.resolvedPath else { return file.path }
    for mount in scanned.mounts {
      if let below = absolute.relative(to: sysroot.isHost ? mount.mountpoint : sysroot.resolve(mount.mountpoint))
        ?? absolute.relative(to: mount.mountpoint), let place = mounts.mount(holding: absolute),
        place.device == mount.device
      {
        return FilePath(bytes: mount.root.appending(below).bytes.drop { $0 == UInt8(ascii: "/") })
      }
    }
    return file.path
  }
}

/// Answers nothing, so that a scan tells only what opens no device.
struct NoProber: DeviceProber {
  func probe(_ devices: [FilePath]) -> [ProbeOutcome] {
    devices.map { device in
      .failed(StorageError(.unsupported, operation: "probe", path: device, message: "devices are not opened here"))
    }
  }
}
