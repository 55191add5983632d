import SpaceModel

/// The image an upgrade makes: a file of a nominal size with a new ext2 filesystem, filled through a loop device.
public struct NewImage: Sendable {
  public let nominalBytes: ByteCount
  let geometry: ImageGeometry

  /// An image that plain `mkfs.ext2 FILE` makes of a file of that size; see mke2fs.conf(5).
  ///
  /// - Returns: `nil` for a size mke2fs refuses (tens of KiB), and from 4 TiB on.
  public init?(nominalBytes: ByteCount) {
    guard let geometry = ImageGeometry(nominalBytes: UInt64(clamping: nominalBytes.bytes)),
      geometry.inodeCount > ImageGeometry.firstInodes
    else { return nil }
    self.nominalBytes = nominalBytes
    self.geometry = geometry
  }

  /// 1 KiB below 512 MiB, else 4 KiB.
  public var blockBytes: ByteCount { ByteCount(clamping: geometry.blockBytes) }

  /// Which of a census' demands is this image's.
  public var filesystem: TreeFilesystem { TreeFilesystem(.ext2, unitBytes: blockBytes) }

  /// Inodes for files; 1 to 11 are the filesystem's own.
  public var inodeCapacity: Int64 { Int64(clamping: geometry.inodeCount - ImageGeometry.firstInodes) }

  /// Blocks for files, directories and what maps them; root may use them all.
  public var blockCapacity: Int64 { Int64(clamping: geometry.freeBlocks) }

  /// What a tree lacks in a new filesystem: rsync then fails with "No space left on device".
  public enum Shortage: Sendable, Hashable {
    case none
    /// So many blocks too few.
    case blocks(Int64)
    /// So many inodes too few.
    case inodes(Int64)
  }

  /// Whether a tree fits the filesystem in the image, whatever the partition holds.
  ///
  /// - Returns: `nil` where the census has no figures for this image's block size.
  public func shortage(for census: TreeCensus, _ attributes: AttributeRule) -> Shortage? {
    guard let demand = census.demand(on: filesystem, attributes) else { return nil }
    return shortage(for: demand, inodes: census.inodes)
  }

  /// The same for one demand; it must be one on ``filesystem``.
  public func shortage(for demand: TreeDemand, inodes: Int64) -> Shortage? {
    guard demand.filesystem == filesystem else { return nil }
    if inodes > inodeCapacity { return .inodes(inodes - inodeCapacity) }
    let blocks = contentBlocks(demand)
    return blocks > blockCapacity ? .blocks(blocks - blockCapacity) : Shortage.none
  }

  /// Blocks the tree adds: the root directory is there already.
  func contentBlocks(_ demand: TreeDemand) -> Int64 { max(0, demand.totalBytes.bytes / blockBytes.bytes - 1) }

  /// What elemental and Kairos make an image that has no configured size: the files' apparent sizes in whole MiB, one
  /// more, and what they call overhead (256 MiB and 100 MiB).
  public static func automaticBytes(for census: TreeCensus, overhead: ByteCount) -> ByteCount {
    ByteCount.mebibytes(max(0, census.apparentBytes.bytes) >> 20) + .mebibytes(1) + overhead
  }
}
