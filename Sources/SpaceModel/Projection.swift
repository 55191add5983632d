/// What an upgrade does to the free space of one filesystem, step by step, and how that ends.
public struct Projection: Sendable, Hashable, Codable {
  public enum Outcome: String, Sendable, Hashable, Codable {
    case fits
    /// Fits, with less left over than the margin.
    case tight
    /// Every command exits 0 and the image is damaged.
    case silentCorruption = "silent-corruption"
    /// A command fails, and the node is as it was.
    case loudFailure = "loud-failure"
    case unknown
  }

  /// What is needed for an answer.
  public enum Lack: String, Sendable, Hashable, Codable { case payload }

  /// What runs out.
  public enum Cause: String, Sendable, Hashable, Codable {
    /// Space for the unpacked tree.
    case tree
    /// Space for the image.
    case image
    /// Blocks inside the new image.
    case imageBlocks = "image-blocks"
    /// Inodes inside the new image.
    case imageInodes = "image-inodes"
    /// Inodes of the filesystem itself.
    case stateInodes = "state-inodes"
    /// A rule of the product's own denies the upgrade.
    case rule
  }

  public var filesystemLabel: String
  public var device: FilePath?
  /// `system`, `recovery`, `preload`, …: a profile can have several upgrades of one filesystem.
  public var upgrade: String
  public var profile: String
  /// Why that profile: given, detected by what, or assumed.
  public var profileSource: String
  public var model: String
  /// The release that is upgraded to, where it is known.
  public var target: String?
  public var basis: Basis?
  public var usableBytes: ByteCount?
  /// The largest cumulative growth; with a range, its upper end.
  public var needBytes: ByteCount?
  /// What the upgrade itself gives back before it needs anything.
  public var creditBytes: ByteCount?
  /// usable + credits − need; negative is a shortfall.
  public var headroomBytes: ByteCount?
  /// Used bytes at the peak.
  public var highWaterMarkBytes: ByteCount?
  public var peakStep: String?
  /// The same at the lower end of a range.
  public var leastNeedBytes: ByteCount?
  public var mostHeadroomBytes: ByteCount?
  public var marginBytes: ByteCount?
  /// The same where the upgrade is run by hand, without what the product's job digs out first; `nil` where that is
  /// nothing.
  public var headroomByHandBytes: ByteCount?
  public var outcomeByHand: Outcome?
  public var outcome: Outcome
  public var cause: Cause?
  /// Why, in a sentence or two.
  public var reason: String
  /// What would give an answer where there is none.
  public var lacks: Lack?
  /// It fails even after everything that can be done.
  public var isHopeless: Bool?
  /// It is done only on request (a recovery upgrade), so it decides nothing.
  public var isOptional: Bool?
  public var steps: [Step]
  public var whatIfs: [WhatIf]
  /// The what-ifs that together make it fit at the least cost; `nil` where it fits as it is or nothing makes it fit.
  public var remedy: [String]?

  /// Where the size of the new system comes from.
  public struct Basis: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable {
      /// A payload that was measured.
      case payload
      /// A payload card.
      case card
      /// A size that was given.
      case given
      /// The installed system, ×1.0 to ×1.3.
      case installed
      /// A rule of the product with figures of its own.
      case rule
    }

    public var kind: Kind
    /// The payload's path, or the image that was measured, in words.
    public var source: String
    /// What the unpacked tree takes; with a range, its upper end.
    public var treeBytes: ByteCount?
    /// What the finished image takes; with a range, its upper end.
    public var imageBytes: ByteCount?
    /// The lower ends.
    public var leastTreeBytes: ByteCount?
    public var leastImageBytes: ByteCount?
    public var nominalImageBytes: ByteCount?
    /// How sure the figures are is said where they are no measurement.
    public var isEstimate: Bool { kind == .given || kind == .installed }

    public init(kind: Kind, source: String) {
      self.kind = kind
      self.source = source
    }

    enum CodingKeys: String, CodingKey {
      case kind, source
      case treeBytes = "tree_bytes"
      case imageBytes = "image_bytes"
      case leastTreeBytes = "least_tree_bytes"
      case leastImageBytes = "least_image_bytes"
      case nominalImageBytes = "nominal_image_bytes"
    }
  }

  /// One thing the upgrade does; figures are those after it, at the upper end of a range.
  public struct Step: Sendable, Hashable, Codable {
    public var name: String
    /// Negative: gives back.
    public var changeBytes: ByteCount
    /// Of the filesystem.
    public var usedBytes: ByteCount
    /// What root can still write; negative is a shortfall.
    public var freeBytes: ByteCount
    /// Where the figure comes from, or why it is 0.
    public var source: String?

    public init(name: String, changeBytes: ByteCount, usedBytes: ByteCount, freeBytes: ByteCount, source: String?) {
      self.name = name
      self.changeBytes = changeBytes
      self.usedBytes = usedBytes
      self.freeBytes = freeBytes
      self.source = source
    }

    enum CodingKeys: String, CodingKey {
      case name
      case changeBytes = "change_bytes"
      case usedBytes = "used_bytes"
      case freeBytes = "free_bytes"
      case source
    }
  }

  /// The same upgrade after something was done first.
  public struct WhatIf: Sendable, Hashable, Codable {
    /// `dig-holes:cOS/passive.img`, `remove-leftovers` or `remove-passive`.
    public var id: String
    public var freesBytes: ByteCount
    public var headroomBytes: ByteCount?
    public var outcome: Outcome
    /// What may be lost by it, or why it helps nothing.
    public var risk: String?

    public static let removeLeftovers = "remove-leftovers"
    public static let removePassive = "remove-passive"
    public static func digHoles(_ path: FilePath) -> String { "dig-holes:\(path.display)" }

    public init(id: String, freesBytes: ByteCount, headroomBytes: ByteCount?, outcome: Outcome, risk: String?) {
      self.id = id
      self.freesBytes = freesBytes
      self.headroomBytes = headroomBytes
      self.outcome = outcome
      self.risk = risk
    }

    enum CodingKeys: String, CodingKey {
      case id
      case freesBytes = "frees_bytes"
      case headroomBytes = "headroom_bytes"
      case outcome, risk
    }
  }

  public init(
    filesystemLabel: String, upgrade: String, profile: String, profileSource: String, model: String,
    outcome: Outcome, reason: String
  ) {
    self.filesystemLabel = filesystemLabel
    self.upgrade = upgrade
    self.profile = profile
    self.profileSource = profileSource
    self.model = model
    self.outcome = outcome
    self.reason = reason
    steps = []
    whatIfs = []
  }

  enum CodingKeys: String, CodingKey {
    case filesystemLabel = "filesystem_label"
    case device
    case upgrade, profile
    case profileSource = "profile_source"
    case model, target, basis
    case usableBytes = "usable_bytes"
    case needBytes = "need_bytes"
    case creditBytes = "credit_bytes"
    case headroomBytes = "headroom_bytes"
    case highWaterMarkBytes = "high_water_mark_bytes"
    case peakStep = "peak_step"
    case leastNeedBytes = "least_need_bytes"
    case mostHeadroomBytes = "most_headroom_bytes"
    case marginBytes = "margin_bytes"
    case headroomByHandBytes = "headroom_by_hand_bytes"
    case outcomeByHand = "outcome_by_hand"
    case outcome, cause, reason, lacks
    case isHopeless = "hopeless"
    case isOptional = "optional"
    case steps
    case whatIfs = "what_ifs"
    case remedy
  }
}

extension Projection.Outcome: Comparable {
  /// Worse is greater; the worst is the one that nobody notices.
  public static func < (left: Projection.Outcome, right: Projection.Outcome) -> Bool { left.badness < right.badness }

  private var badness: Int {
    switch self {
    case .fits: 0
    case .tight: 1
    case .unknown: 2
    case .loudFailure: 3
    case .silentCorruption: 4
    }
  }
}
