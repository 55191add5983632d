import SpaceModel
import UpgradeProjection

/// Which upgrade somebody asks about.
public struct UpgradeChoice: Sendable {
  /// `nil`: detected.
  public var profile: UpgradeProfile?
  public var target: ReleaseVersion?
  public var payload: Payload?
  public var payloadIsCard = false
  public var treeBytes: ByteCount?
  public var imageBytes: ByteCount?
  public var margin: SizeThreshold?
  public var requirePayload = false
  /// Recovery upgrades count too.
  public var includesOptional = false

  /// Only a part of a node is looked at.
  public var isPartial = false

  public init() {}

  /// Counts the payload again where a partition has allocation units that are not among the usual ones (ext4's
  /// clusters).
  ///
  /// - Throws: ``StorageError`` where the payload cannot be read any more. A card has what it has.
  mutating func cover(_ partitions: [Partition]) throws(StorageError) {
    guard let payload, !payloadIsCard else { return }
    let counted = Set(payload.census.demands.map(\.filesystem))
    let missing = Set(partitions.compactMap(UpgradeProjector.filesystem(of:))).subtracting(counted)
    guard !missing.isEmpty else { return }
    let filesystems = TreeTally.usualFilesystems + missing.sorted { $0.unitBytes < $1.unitBytes }
    self.payload = try PayloadReading.payload(
      payload.source.path, excluding: payload.excludes, filesystems: filesystems
    ).payload
  }
}
