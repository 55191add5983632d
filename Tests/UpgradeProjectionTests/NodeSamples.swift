import SpaceModel
import UpgradeProjection

/// A node and a payload with round figures, for tables.
enum NodeSamples {
  static let unit = ByteCount(4096)

  /// COS_STATE with so much left for root.
  static func state(
    usable: ByteCount, images: [ImageUsage] = [], leftovers: [Partition.Leftover] = [], type: String = "ext4"
  ) -> Partition {
    var partition = Partition(device: "/dev/sda4", state: .mounted, mountpoints: ["/run/initramfs/cos-state"])
    partition.filesystemLabel = "COS_STATE"
    partition.filesystemType = type
    partition.sizeBytes = .gibibytes(16)
    partition.capacityBytes = .gibibytes(15)
    partition.freeBytes = usable + .mebibytes(16)
    partition.availableBytes = usable
    partition.usableBytes = usable
    partition.blockBytes = unit
    partition.clusterBytes = unit
    partition.inodesFree = 1_000_000
    partition.features = ["extent"]
    partition.images = images
    partition.leftovers = leftovers
    partition.totals = Partition.Totals(
      allocatedBytes: images.reduce(.zero) { $0 + $1.allocatedBytes }, reclaimableBytes: .zero)
    return partition
  }

  static func image(
    _ path: FilePath, _ role: ImageRole, allocated: ByteCount, reclaimable: ByteCount = .zero,
    basis: ReclaimableBasis = .scan, inUse: ImageInUse? = nil
  ) -> ImageUsage {
    var image = ImageUsage(
      path: path, role: role, apparentBytes: .gibibytes(3), allocatedBytes: allocated, mapSource: .fiemap)
    image.reclaimableBytes = reclaimable
    image.reclaimableBasis = basis
    image.inUse = inUse
    image.os = OperatingSystem(prettyName: "Harvester v1.4.0", version: "v1.4.0")
    return image
  }

  static let running = ImageInUse(by: "running root (loop0)", writable: false)

  /// A tree that takes `tree` on every filesystem.
  static func census(tree: ByteCount, inodes: Int64 = 30_000) -> TreeCensus {
    let filesystems = [(TreeFilesystem.Kind.ext4, Int64(4096)), (.ext2, 4096), (.ext2, 1024), (.btrfs, 4096)]
    return TreeCensus(
      inodes: inodes, directories: inodes / 10, files: inodes * 8 / 10, apparentBytes: tree,
      demands: filesystems.flatMap { kind, bytes in
        AttributeRule.allCases.map { rule in
          TreeDemand(
            filesystem: TreeFilesystem(kind, unitBytes: ByteCount(bytes)), attributes: rule, fileBytes: tree,
            mapBytes: .zero, directoryBytes: .zero, linkBytes: .zero, attributeBytes: .zero)
        }
      })
  }

  static func payload(
    tree: ByteCount = .gibibytes(2), inodes: Int64 = 30_000, kind: Payload.Source.Kind = .squashfs,
    fileBytes: ByteCount? = .mebibytes(800), product: String? = "harvester", version: String? = "v1.8.1",
    architecture: String? = "x86_64"
  ) -> Payload {
    Payload(
      source: Payload.Source(kind: kind, path: "p", treeDigest: "", fileBytes: fileBytes),
      system: Payload.System(
        osName: "X", product: product, productVersion: version, architecture: architecture),
      excludes: ["/mnt", "/proc", "/sys", "/dev", "/tmp", "/host", "/run"],
      census: census(tree: tree, inodes: inodes))
  }

  /// One projection of the upgrade called `name`.
  static func project(
    _ profile: String, _ partitions: [Partition], payload: Payload? = payload(),
    boot: BootState? = BootState(mode: .active),
    upgrade name: String = "system", _ change: (inout UpgradeRequest, inout UpgradeNode) -> Void = { _, _ in }
  ) throws -> Projection {
    var request = UpgradeRequest(profile: try UpgradeProfile.named(profile), profileSource: "given")
    request.payload = payload
    request.margin = .bytes(.zero)
    var node = UpgradeNode(partitions: partitions, boot: boot)
    change(&request, &node)
    let projections = UpgradeProjector(request, on: node).projections()
    guard let projection = projections.first(where: { $0.upgrade == name }) else { throw Missing() }
    return projection
  }

  struct Missing: Error {}
}

extension UpgradeProfile {
  static func named(_ name: String) throws -> UpgradeProfile {
    guard let profile = builtIn(name) else { throw NodeSamples.Missing() }
    return profile
  }
}
