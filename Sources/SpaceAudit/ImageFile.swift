import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// One image file that was named.
struct ImageFile {
  fileprivate let file: ReadOnlyFile
  /// As it was when it was opened.
  let status: FileStatus

  /// - Parameter path: As we see it; else as the node does.
  /// - Throws: ``StorageError`` where it cannot be opened or is no regular file.
  init(_ path: FilePath, sysroot: Sysroot) throws(StorageError) {
    let place = sysroot.isHost || SmallFile.exists(path) ? path : sysroot.resolve(path)
    file = try ReadOnlyFile.open(place, expecting: .regularFile, shown: path)
    status = try file.status()
  }
}

/// The image files of one filesystem that were named, and that filesystem.
struct NamedImages {
  private let files: [ImageFile]
  private let scanned: ScannedPartition
  private let mounted: MountedPartition?
  private let mounts: MountTable
  private let scan: LiveScan
  private let sysroot: Sysroot

  /// - Parameters:
  ///   - files: All on one filesystem, at least one.
  ///   - scan: One that opened no device: the filesystem is known by its number.
  init(_ files: [ImageFile], scan: LiveScan, mounts: MountTable, sysroot: Sysroot) {
    self.files = files
    self.scan = scan
    self.mounts = mounts
    self.sysroot = sysroot
    let device = files.first.map { DeviceNumber($0.status.device) }
    let known = scan.partitions.first { partition in
      partition.mounts.contains { $0.device == device } || partition.deviceNumber == device
    }
    scanned = known ?? Self.unknown(files.first, device, mounts)
    mounted = try? MountedPartition(scanned, sysroot: sysroot)
  }

  /// A filesystem without a block device of its own, or whose device the kernel does not name.
  private static func unknown(_ file: ImageFile?, _ device: DeviceNumber?, _ mounts: MountTable) -> ScannedPartition {
    let mount = mounts.mounts.last { $0.device == device } ?? file?.file.resolvedPath.flatMap(mounts.mount(holding:))
    var partition = ScannedPartition(device: mount?.source ?? "?")
    partition.filesystemType = mount?.filesystemType
    partition.mounts = mount.map { [$0] } ?? []
    partition.isLocal = false
    return partition
  }

  /// - Throws: ``StorageError`` `.cancelled` only.
  func survey(depth: SurveyDepth, monitor: AuditMonitor) throws(StorageError) -> PartitionSurvey {
    var partition: Partition
    if let mounted {
      partition = mounted.figures()
    } else {
      partition = Partition(device: scanned.device, state: .mounted)
      partition.describe(scanned)
    }
    var survey = PartitionSurvey(partition)
    let inUse = InUseIndex(partition: scanned, name: partition.name, scan: scan, sysroot: sysroot, mounts: mounts)
    let unit = mounted?.superblock?.clusterSize
    // One file can be named in several ways; hard links of it are files of their own here.
    var seen: Set<FilePath> = []
    let entries = files.compactMap { image -> TreeEntry? in
      let path = path(of: image.file)
      guard seen.insert(path).inserted else { return nil }
      return TreeEntry(
        path: path, status: image.status,
        list: { () throws(StorageError) in TreeListing() },
        open: { () throws(StorageError) in try LiveFile(image.file, allocationUnit: unit) },
        linkTarget: { nil })
    }
    try survey.addImages(ImageSearch(named: entries), inUse: inUse, depth: depth, monitor: monitor)
    return survey
  }

  /// The path below the filesystem's root; as given where no mount of it is known.
  private func path(of file: ReadOnlyFile) -> FilePath {
    guard let absolute = file.resolvedPath else { return file.path }
    for mount in scanned.mounts {
      let place = sysroot.isHost ? mount.mountpoint : sysroot.resolve(mount.mountpoint)
      guard let below = absolute.relative(to: place) ?? absolute.relative(to: mount.mountpoint),
        mounts.mount(holding: sysroot.nodePath(absolute) ?? absolute)?.device == mount.device
      else { continue }
      return FilePath(bytes: mount.root.appending(below).bytes.drop { $0 == UInt8(ascii: "/") })
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
