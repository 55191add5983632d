import SpaceModel

/// Which upgrade somebody asks about.
public struct UpgradeChoice: Sendable {
  /// `nil`: detected.
  public var profile: UpgradeProfile?
  /// The release that is upgraded to; `nil`: what the payload says.
  public var target: ReleaseVersion?
  public var payload: Payload?
  /// It comes from a payload card.
  public var payloadIsCard = false
  /// What the unpacked tree takes, as somebody says; `nil` where nobody does.
  public var treeBytes: ByteCount?
  /// Apparent size of the new image; `nil`: the profile's.
  public var imageBytes: ByteCount?
  /// Less to spare than this is tight; percent are of the need.
  public var margin: SizeThreshold = .bytes(.mebibytes(256))
  /// An estimate is no answer.
  public var requirePayload = false
  /// Upgrades that are done only on request count too.
  public var includesOptional = false
  /// Only a part of a node is looked at.
  public var isPartial = false

  public init() {}
}

/// The same once it is known by which profile; what was chosen is read and changed as its own.
@dynamicMemberLookup
public struct UpgradeRequest: Sendable {
  public var profile: UpgradeProfile
  /// Why that one: given, detected by what, or assumed.
  public var profileSource: String
  public var choice: UpgradeChoice

  public init(profile: UpgradeProfile, profileSource: String, choice: UpgradeChoice = UpgradeChoice()) {
    self.profile = profile
    self.profileSource = profileSource
    self.choice = choice
  }

  public subscript<Value>(dynamicMember path: WritableKeyPath<UpgradeChoice, Value>) -> Value {
    get { choice[keyPath: path] }
    set { choice[keyPath: path] = newValue }
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

  /// Of several disk images in one report each is a node of its own.
  func onDisk(of partition: Partition) -> UpgradeNode {
    guard let disk = Self.disk(partition) else { return self }
    var node = self
    node.partitions = partitions.filter { Self.disk($0) == disk }
    return node
  }

  /// The file a partition lies in, by its name `FILE#NUMBER`; `nil` for a device.
  private static func disk(_ partition: Partition) -> [UInt8]? {
    guard !partition.device.hasPrefix("/dev/") else { return nil }
    let bytes = partition.device.bytes
    return bytes.lastIndex(of: UInt8(ascii: "#")).map { Array(bytes[..<$0]) } ?? bytes
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
