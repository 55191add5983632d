import LinuxStorage
import PartitionScanner
import SpaceModel
import SpaceReport

/// Partitions as the scanner sees them, without asking their filesystems anything.
public struct PartitionListing: Sendable {
  public var document: PartitionDocument
  /// What was asked for by name and could not be scanned.
  public var failures: [StorageError]

  /// Never throws: what fails is in ``failures``, and the others are there.
  public static func of(_ request: AuditRequest, prober: any DeviceProber = ChildProber()) -> PartitionListing {
    var found: [ScannedPartition] = []
    var limits: [Limit] = []
    var failures: [StorageError] = []
    func attempt(_ body: () throws(StorageError) -> Void) {
      do throws(StorageError) { try body() } catch {
        failures.append(error)
        limits.append(Limit("target-not-measured", error.summary))
      }
    }
    let scanner = LiveScanner(sysroot: request.sysroot, prober: prober, allDevices: request.allDevices)
    if request.isMachine {
      let scan = scanner.scan()
      found += scan.partitions
      limits += scan.limits
    }
    for device in request.devices {
      attempt { () throws(StorageError) in
        let scan = try scanner.probeExplicit(device)
        found += scan.partitions
        limits += scan.limits
      }
    }
    for disk in request.disks {
      attempt { () throws(StorageError) in
        if FileStatus.of(disk)?.kind == .blockDevice {
          let scan = try scanner.probeExplicit(disk)
          found += scan.partitions
          limits += scan.limits
          return
        }
        let file = try ReadOnlyFile.open(disk, expecting: .regularFileOrBlockDevice)
        let layout = try DiskImageScanner.scan(file)
        guard !layout.partitions.isEmpty else { throw .nothingIn(disk, size: try file.status().size) }
        found += layout.partitions
        limits += layout.limits
      }
    }
    let partitions = found.filter { request.labels.isEmpty || request.labels.contains($0.filesystemLabel ?? "") }
      .map { scanned in
        var partition = Partition(
          device: scanned.device, state: scanned.isMounted ? .mounted : .offline,
          mountpoints: Array(Set(scanned.mounts.map(\.mountpoint))).sorted())
        partition.describe(scanned)
        return partition
      }
    for label in request.labels where !partitions.contains(where: { $0.filesystemLabel == label }) {
      failures.append(.labelNowhere(label))
    }
    return PartitionListing(document: PartitionDocument(partitions: partitions, limits: limits), failures: failures)
  }
}
