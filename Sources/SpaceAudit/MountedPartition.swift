import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel

/// The figures of a mounted partition, as the kernel has them now.
struct MountedPartition {
  let scanned: ScannedPartition
  /// A directory on it.
  let directory: ReadOnlyFile
  /// The mount `directory` is the root of.
  let mount: Mount
  private let statistics: FilesystemStatistics
  /// From the device, where it may be opened: what statfs(2) does not tell.
  let superblock: ExtSuperblock?
  /// Why ``superblock`` is not there.
  let superblockFailure: StorageError?
  private let sysroot: Sysroot

  /// Opens the first mountpoint that can be reached, that of the whole filesystem before those of parts of it.
  ///
  /// - Throws: ``StorageError`` of the last one tried.
  init(_ scanned: ScannedPartition, sysroot: Sysroot) throws(StorageError) {
    self.scanned = scanned
    self.sysroot = sysroot
    let mounts = scanned.mounts.sorted {
      ($0.root == "/" ? 0 : 1, $0.mountpoint) < ($1.root == "/" ? 0 : 1, $1.mountpoint)
    }
    var opened: (ReadOnlyFile, Mount)?
    var failure = StorageError(
      .notFound, operation: "open", path: scanned.device, message: "it is mounted at no place that can be reached")
    for mount in mounts where opened == nil {
      do throws(StorageError) {
        let directory = try ReadOnlyFile.open(
          sysroot.resolve(mount.mountpoint), expecting: .directory, shown: mount.mountpoint)
        // Another filesystem may be mounted over it.
        let device = DeviceNumber(try directory.status().device)
        if device == mount.device || mount.filesystemType == "btrfs" { opened = (directory, mount) }
      } catch {
        failure = error
      }
    }
    guard let opened else { throw failure }
    (directory, mount) = opened
    statistics = try FilesystemStatistics.of(directory)
    do throws(StorageError) {
      superblock = try Self.superblock(of: scanned, statistics, sysroot)
      superblockFailure = nil
    } catch {
      superblock = nil
      superblockFailure = error
    }
  }

  /// A mount keeps its superblock and descriptors in the device's page cache, so this waits for no disk.
  private static func superblock(
    of scanned: ScannedPartition, _ statistics: FilesystemStatistics, _ sysroot: Sysroot
  ) throws(StorageError) -> ExtSuperblock? {
    guard statistics.type == "ext4" else { return nil }
    guard scanned.isLocal else { throw .notTouched(scanned.device) }
    let device = try ReadOnlyFile.open(
      sysroot.resolve(device: scanned.device), expecting: .blockDevice, shown: scanned.device)
    return try ExtFilesystem(FileSource(device), ofMount: true).superblock
  }

  func tree(_ mounts: MountTable) -> LiveTree {
    LiveTree(
      directory: directory, mountRoot: mount.root, allocationUnit: superblock?.clusterSize,
      mountpoints: Set(mounts.mounts.map(\.mountpoint)))
  }

  func figures() -> Partition {
    var partition = Partition(
      device: scanned.device, state: .mounted, mountpoints: Array(Set(scanned.mounts.map(\.mountpoint))).sorted())
    partition.describe(scanned)
    partition.wholeMountpoint = mount.root == "/" ? mount.mountpoint : nil
    partition.isMountedReadOnly = scanned.mounts.allSatisfy(\.isReadOnly)
    partition.capacityBytes = ByteCount(clamping: statistics.capacity)
    partition.freeBytes = ByteCount(clamping: statistics.free)
    partition.availableBytes = ByteCount(clamping: statistics.available)
    partition.usableBytes = ByteCount(clamping: usable)
    partition.blockBytes = ByteCount(clamping: statistics.blockSize)
    partition.inodesFree = Int64(clamping: statistics.inodesFree)
    if statistics.type == "ext4" {
      // mountinfo says with which driver it was mounted; the superblock, what it is.
      partition.filesystemType = superblock?.type ?? partition.filesystemType
      partition.clusterBytes = superblock.map { ByteCount(clamping: $0.clusterSize) }
      partition.inodeBytes = superblock.map { ByteCount(clamping: $0.inodeSize) }
      partition.features = superblock?.features
    } else {
      partition.clusterBytes = ByteCount(clamping: statistics.blockSize)
    }
    return partition
  }

  /// What root can still write: ext4 keeps some clusters even from root; btrfs says in `f_bavail` what is left once it
  /// has set space for metadata aside.
  private var usable: UInt64 {
    guard statistics.type == "ext4" else {
      return statistics.type == "btrfs" ? statistics.available : statistics.free
    }
    let reserved: UInt64
    if let name = scanned.kernelName,
      let clusters = SmallFile.text(sysroot.sys.appending("fs/ext4/\(name)/reserved_clusters")).flatMap(UInt64.init)
    {
      reserved = clusters.multipliedClamped(by: superblock?.clusterSize ?? statistics.blockSize)
    } else if let superblock {
      reserved = superblock.reservedBytes
    } else {
      // What the kernel reserves by default, min(2 %, 4096 clusters), for clusters of one block.
      reserved = mount.filesystemType == "ext2" ? 0 : min(statistics.capacity / 50, 4096 * statistics.blockSize)
    }
    return statistics.free - min(reserved, statistics.free)
  }
}

extension Partition {
  /// What the scanner knows of it.
  mutating func describe(_ scanned: ScannedPartition) {
    filesystemLabel = scanned.filesystemLabel
    partitionLabel = scanned.partitionLabel
    filesystemType = scanned.filesystemType
    sizeBytes = scanned.sizeBytes.map(ByteCount.init(clamping:))
  }
}
