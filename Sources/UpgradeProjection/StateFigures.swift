import SpaceModel

/// What the projection needs to know of the filesystem an upgrade writes to; what-ifs change it.
struct StateFigures {
  var filesystem: TreeFilesystem
  var used: ByteCount
  /// What root can still write.
  var usable: ByteCount
  var inodesFree: Int64?
  var images: [Image]
  var leftovers: [Partition.Leftover]
  /// Those of them that may go.
  let removableLeftovers: [Partition.Leftover]
  /// What it holds besides images.
  var otherFiles: ByteCount
  /// Snapshots that stay, the new one included: elemental-toolkit's `max-snaps`, 2 by default for loop devices.
  var keptSnapshots = 2
  private static let mostSnapshots = 1 << 20
  /// Upgrades make snapshots there (elemental 2).
  let hasSnapshots: Bool

  struct Image {
    var path: FilePath
    var role: ImageRole
    var allocated: ByteCount
    var reclaimable: ByteCount?
    var isEstimate: Bool
    /// A loop device lies on it: what it takes is given back only when that ends.
    var isPinned: Bool
    /// Something can write to it, so no holes are dug.
    var isWritable: Bool
    var filesystemType: String?
    /// The system inside it could be read.
    var isReadable: Bool
    /// Whether it was written whole, as far as was looked; `nil`: nobody looked.
    var integrity: Integrity?
    var isDamaged: Bool { integrity?.state == .damaged }
    /// Digging would destroy what tells lost blocks from zeros, so `headroom reclaim` refuses it.
    var isEvidence: Bool { isDamaged || integrity?.state == .suspect }
    /// Of its bytes, those that another file maps too: they stay when it goes.
    var shared: ByteCount
  }

  /// `nil` where free space or capacity is not known, or they contradict each other.
  init?(_ partition: Partition) {
    guard let usable = partition.usableBytes, let free = partition.freeBytes, let capacity = partition.capacityBytes
    else { return nil }
    guard let filesystem = Self.filesystem(partition), free >= .zero, usable >= .zero, free <= capacity, usable <= free
    else {
      return nil
    }
    self.filesystem = filesystem
    self.usable = usable
    used = capacity - free
    inodesFree = partition.inodesFree
    let images = (partition.images ?? []).filter { $0.hardLinkOf == nil }.map { image in
      Image(
        path: image.path, role: image.role, allocated: image.allocatedBytes, reclaimable: image.reclaimableBytes,
        isEstimate: image.reclaimableBasis == .estimate, isPinned: image.inUse != nil,
        isWritable: image.inUse?.writable ?? false, filesystemType: image.inner?.filesystemType,
        isReadable: image.os != nil, integrity: image.integrity, shared: image.sharedBytes ?? .zero)
    }
    let leftovers = partition.leftovers ?? []
    let imageBytes = partition.totals?.allocatedBytes ?? images.reduce(.zero) { $0 + $1.allocated }
    let leftTrees = leftovers.filter { leftover in !images.contains { $0.path == leftover.path } }
    otherFiles = max(.zero, capacity - free - imageBytes - leftTrees.reduce(.zero) { $0 + $1.allocatedBytes })
    self.images = images
    self.leftovers = leftovers
    removableLeftovers = Leftovers.removable(on: partition)
    hasSnapshots = partition.layout?.hasSnapshots ?? false
    if let kept = partition.layout?.maxSnapshots, kept > 0 { keptSnapshots = kept }
  }

  static func filesystem(_ partition: Partition) -> TreeFilesystem? {
    let unit = partition.clusterBytes ?? partition.blockBytes ?? ByteCount(4096)
    switch partition.filesystemType {
    case "ext4":
      // What mkfs calls ext4 can be without extents.
      let hasExtents = partition.features?.contains { $0 == "extent" || $0 == "extents" } ?? true
      return TreeFilesystem(hasExtents ? .ext4 : .ext2, unitBytes: unit)
    case "ext2", "ext3": return TreeFilesystem(.ext2, unitBytes: unit)
    case "xfs": return TreeFilesystem(.xfs, unitBytes: unit)
    case "btrfs": return TreeFilesystem(.btrfs, unitBytes: unit)
    default: return nil
    }
  }

  func image(_ role: ImageRole) -> Image? { images.first { $0.role == role } }

  /// A transition.img that is in the way is truncated, not kept.
  var leftImage: ByteCount {
    leftovers.filter { $0.path == "cOS/transition.img" }.reduce(.zero) { $0 + $1.allocatedBytes }
  }

  /// What the upgrade prunes once the new snapshot stands: the oldest beyond those that are kept, the one that runs never.
  var oldSnapshots: ByteCount {
    let snapshots = images.compactMap { image -> (number: Int, image: Image)? in
      let parts = image.path.components
      guard parts.count == 3, parts[0] == ".snapshots", let number = parts[1].utf8.flatMap({ Int($0) }) else {
        return nil
      }
      return (number, image)
    }
    let excess = snapshots.count - max(0, min(keptSnapshots, Self.mostSnapshots) - 1)
    guard excess > 0 else { return .zero }
    return snapshots.filter { !$0.image.isPinned }.sorted { $0.number < $1.number }.prefix(excess)
      .reduce(.zero) { $0 + $1.image.allocated }
  }

  /// The image after so much was dug out of it.
  mutating func dig(_ role: ImageRole, _ bytes: ByteCount) {
    guard let index = images.firstIndex(where: { $0.role == role }) else { return }
    images[index].allocated = images[index].allocated - bytes
  }

  /// What deleting an image gives back now.
  func given(back image: Image?) -> ByteCount {
    guard let image, !image.isPinned else { return .zero }
    return max(.zero, image.allocated - image.shared)
  }
}
