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

  public init() {}

  /// The filesystems a payload must be counted for so that it can be projected on these partitions: the usual ones, and
  /// what is there.
  public static func filesystems(for partitions: [Partition]) -> [TreeFilesystem] {
    let usual = TreeTally.usualFilesystems
    return usual
      + Set(partitions.compactMap(UpgradeProjector.filesystem(of:))).subtracting(usual)
      .sorted { $0.unitBytes < $1.unitBytes }
  }
}
