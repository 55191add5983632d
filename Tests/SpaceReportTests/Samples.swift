import SpaceModel
import SpaceReport

/// Small values made by hand, and the style most tests want.
enum Samples {
  static let plain = TextStyle(width: 80, unicode: true)
  static let wide = TextStyle(width: 200, unicode: true)
  static let ascii = TextStyle(width: 80, unicode: false)

  /// An image of 3 GiB on which nothing is wrong.
  static func image(
    _ path: FilePath = "cOS/passive.img", role: ImageRole = .passive, apparent: ByteCount = .gibibytes(3),
    allocated: ByteCount = .gibibytes(3), reclaimable: ByteCount? = nil, sparse: Bool? = false,
    basis: ReclaimableBasis? = .scan
  ) -> ImageUsage {
    var image = ImageUsage(
      path: path, role: role, apparentBytes: apparent, allocatedBytes: allocated, mapSource: .fiemap)
    image.sparse = sparse
    image.reclaimableBytes = reclaimable
    image.reclaimableBasis = reclaimable == nil ? nil : basis
    return image
  }

  /// COS_STATE of 8 GiB, mounted read-only where a node has it.
  static func state(_ images: [ImageUsage]? = nil) -> Partition {
    var partition = Partition(device: "/dev/sda4", state: .mounted, mountpoints: ["/run/initramfs/cos-state"])
    partition.filesystemLabel = "COS_STATE"
    partition.partitionLabel = "state"
    partition.filesystemType = "ext4"
    partition.isMountedReadOnly = true
    partition.wholeMountpoint = "/run/initramfs/cos-state"
    partition.sizeBytes = .gibibytes(8)
    partition.capacityBytes = ByteCount(8_350_298_112)
    partition.freeBytes = ByteCount(3_356_573_696)
    partition.availableBytes = ByteCount(2_914_000_896)
    partition.usableBytes = ByteCount(3_339_796_480)
    partition.images = images
    return partition
  }

  static func report(
    _ partitions: [Partition], findings: [Finding] = [], limits: [Limit] = [], node: String? = nil
  ) -> Report {
    var host = Report.Host()
    host.nodeName = node
    // A disk image knows neither.
    host.architecture = node == nil ? nil : "x86_64"
    return Report(
      generatedAt: "2026-02-03T04:05:06Z", tool: Report.Tool(name: "headroom", version: "1.2.3"), host: host,
      limits: limits, partitions: partitions, findings: findings)
  }

  /// The incident: active kept its holes, passive did not. Findings are those of the rules.
  static func incident(node: String? = "node-1") -> Report {
    var active = image(
      "cOS/active.img", role: .active, allocated: ByteCount(1_726_537_728), reclaimable: .zero, sparse: true)
    active.map = HoleMap(
      cellBytes: .mebibytes(96), cells: Array(repeating: .data, count: 17) + Array(repeating: .hole, count: 15))
    active.inUse = ImageInUse(by: "running root (loop0)", writable: false)
    active.os = OperatingSystem(prettyName: "Harvester v1.4.0")
    var passive = image(reclaimable: ByteCount(1_494_691_840))
    passive.map = HoleMap(
      cellBytes: .mebibytes(96), cells: Array(repeating: .data, count: 17) + Array(repeating: .zero, count: 15))
    passive.os = OperatingSystem(prettyName: "Harvester v1.4.0")
    var partition = state([active, passive])
    partition.totals = Partition.Totals(
      allocatedBytes: ByteCount(4_947_763_200), reclaimableBytes: ByteCount(1_494_691_840))
    var oem = Partition(device: "/dev/sda2", state: .offline)
    oem.filesystemLabel = "COS_OEM"
    oem.filesystemType = "ext4"
    oem.sizeBytes = .mebibytes(50)
    return report(
      [partition, oem], findings: ImageRules().findings(for: partition),
      limits: [Limit("device-timeout", "no answer in time from nbd0")], node: node)
  }
}

extension Partition {
  /// Drops what is not part of the document.
  mutating func forgetMount() {
    isMountedReadOnly = nil
    wholeMountpoint = nil
  }
}
