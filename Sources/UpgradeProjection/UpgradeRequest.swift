import SpaceModel

/// Which upgrade is projected, as far as somebody said or it could be found out.
public struct UpgradeRequest: Sendable {
  public var profile: UpgradeProfile
  /// Why that one: `given`, or what it was detected by.
  public var profileSource: String
  /// `--to`.
  public var target: ReleaseVersion?
  public var payload: Payload?
  /// It comes from a payload card.
  public var payloadIsCard = false
  /// What the unpacked tree takes, as somebody says; `nil` where nobody does.
  public var treeBytes: ByteCount?
  /// Nominal size of the new image; `nil`: the profile's.
  public var imageBytes: ByteCount?
  public var margin: SizeThreshold = .bytes(.mebibytes(256))
  /// An estimate is no answer.
  public var requirePayload = false
  /// Upgrades that are done only on request count too.
  public var includesOptional = false

  public init(profile: UpgradeProfile, profileSource: String) {
    self.profile = profile
    self.profileSource = profileSource
  }
}

/// The node that is upgraded.
public struct UpgradeNode: Sendable {
  public var partitions: [Partition]
  public var boot: BootState?
  public var product: String?
  /// The release that runs, or that is installed.
  public var version: ReleaseVersion?
  /// As uname(2)'s `machine` has it.
  public var architecture: String?

  public init(partitions: [Partition], boot: BootState?) {
    self.partitions = partitions
    self.boot = boot
  }

  /// The image that says what is installed: the active one, else the passive.
  var installed: (partition: Partition, image: ImageUsage, census: TreeCensus)? {
    for role in [ImageRole.active, .passive] {
      for partition in partitions {
        for image in partition.images ?? [] where image.role == role {
          if let census = image.tree { return (partition, image, census) }
        }
      }
    }
    return nil
  }
}
