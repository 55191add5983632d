import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport
import Synchronization

/// Image files to map: on mounted filesystems, or inside a disk image.
public struct MapTarget {
  /// As it was named.
  public let path: FilePath
  public let source: any ImageSource

  /// A file on a mounted filesystem.
  ///
  /// - Parameter lookup: Shared by all files of one run.
  /// - Throws: ``StorageError``.
  public init(live path: FilePath, lookup: ClusterLookup) throws(StorageError) {
    self.path = path
    let file = try ReadOnlyFile.open(path, expecting: .regularFile, operation: "map")
    source = try LiveFile(file) { lookup.clusterSize(of: $0) }
  }

  /// A file below the root of a filesystem inside a disk image.
  ///
  /// - Parameters:
  ///   - label: Which filesystem, where the path exists on several.
  ///   - number: The same by the partition's number.
  /// - Throws: ``StorageError``: `.notFound`, or `.unsupported` where several filesystems have it.
  public init(_ path: FilePath, inDisk disk: FilePath, label: String?, partition number: Int? = nil)
    throws(StorageError)
  {
    self.path = path
    // A device that does not answer costs a child its life, not us.
    if FileStatus.of(disk)?.kind == .blockDevice {
      _ = try LiveScanner(sysroot: Sysroot(), prober: ChildProber()).probeExplicit(disk)
    }
    let file = try ReadOnlyFile.open(disk, expecting: .regularFileOrBlockDevice)
    let container = try FileSource(file)
    var matches: [(any ImageSource, FilePath)] = []
    var failure: StorageError?
    let layout = try DiskImageScanner.scan(file)
    guard !layout.partitions.isEmpty else { throw .nothingIn(disk, size: container.size) }
    let meant = layout.partitions.filter { partition in
      (label == nil || partition.filesystemLabel == label) && (number == nil || partition.partitionNumber == number)
    }
    guard !meant.isEmpty else {
      throw StorageError(
        .notFound, operation: "map", path: path,
        message: "'\(disk.display)' has no partition "
          + [label.map { "labelled \($0)" }, number.map { "with number \($0)" }].compactMap(\.self).joined(
            separator: " and "),
        hint: "List them with headroom partitions --disk \(ShellQuote.quoted(disk)).")
    }
    for partition in meant where partition.filesystemType?.hasPrefix("ext") == true {
      let whole = ByteRange(start: 0, end: container.size)
      guard let range = (partition.range ?? whole).intersection(whole) else { continue }
      do throws(StorageError) {
        let ext = try ExtFilesystem(SourceSlice(of: container, range: range, path: partition.device))
        if let inode = try ext.lookUp(path) {
          matches.append((try ext.open(inode: inode, path: path), partition.device))
        }
      } catch {
        failure = error
      }
    }
    guard let (found, _) = matches.first else {
      throw failure
        ?? StorageError(
          .notFound, operation: "map", path: path,
          message: "no ext filesystem \(label.map { "labelled \($0) " } ?? "")in '\(disk.display)' has such a file",
          hint: "Name it below the filesystem's root: cOS/active.img.")
    }
    guard matches.count == 1 else {
      throw StorageError(
        .unsupported, operation: "map", path: path,
        message: "several filesystems have it: \(matches.map(\.1.display).joined(separator: ", "))",
        hint: "Say which with --partition\(label == nil ? " or --label" : "").")
    }
    source = found
  }
}

/// The ext4 cluster sizes of mounted filesystems, asked once for each.
public final class ClusterLookup: Sendable {
  private let sysroot: Sysroot
  private let known = Mutex<[UInt64: UInt64?]>([:])

  public init(sysroot: Sysroot = Sysroot()) { self.sysroot = sysroot }

  func clusterSize(of status: FileStatus) -> UInt64? {
    known.withLock { known in
      if let answer = known[status.device] { return answer }
      let device = DeviceNumber(status.device)
      let scan = LiveScanner(sysroot: sysroot, prober: NoProber()).scan()
      let partition = scan.partitions.first { $0.deviceNumber == device }
      let answer = partition.flatMap { try? MountedPartition($0, sysroot: sysroot) }?.superblock?.clusterSize
      known[status.device] = answer
      return answer
    }
  }
}
