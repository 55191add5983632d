import SpaceModel

/// The node reports of a cluster as one document.
public struct FleetReport: Sendable, Hashable, Codable {
  public var schemaVersion = Report.currentSchemaVersion
  /// RFC 3339, UTC; what the reports' age is measured against.
  public var generatedAt: String
  public var tool: Report.Tool
  /// The worst of all; unknown at least where a node is missing or a report could not be read.
  public var verdict: Verdict
  /// The answer in a sentence or two.
  public var summary: String
  /// A report older than this does not tell how its node is now.
  public var maxAgeSeconds: Int64
  public var counts: Counts
  /// The worst first; among equals the one with the least headroom, then by name.
  public var nodes: [FleetNode]
  /// Expected nodes without a report, by name.
  public var missing: [String]
  /// By path.
  public var unreadable: [Unreadable]
  /// The largest first, ten at most.
  public var topShortfalls: [Shortfall]

  /// How many of each.
  public struct Counts: Sendable, Hashable, Codable {
    /// With those that are missing.
    public var nodes = 0
    public var ok = 0
    public var warning = 0
    public var critical = 0
    /// With those that are missing.
    public var unknown = 0
    public var missing = 0
    /// Nodes whose report is old, from the future or without a time.
    public var old = 0
    /// Nodes with two reports of one time that say different things.
    public var conflicting = 0
    /// Reports that were read.
    public var reports = 0
    /// Of these, older ones of a node that has a newer one.
    public var superseded = 0
    /// Of these, ones that say the same again.
    public var repeated = 0
    /// Reports that could not be read.
    public var unreadable = 0
    /// Documents that are no node's report: payload cards, maps, others' JSON.
    public var skipped = 0

    public init() {}
  }

  /// A report that could not be read.
  public struct Unreadable: Sendable, Hashable, Codable, Comparable {
    public var source: FilePath
    /// A clause without a full stop.
    public var reason: String

    public init(source: FilePath, reason: String) {
      self.source = source
      self.reason = reason
    }

    public static func < (left: Unreadable, right: Unreadable) -> Bool {
      left.source == right.source ? left.reason < right.reason : left.source < right.source
    }
  }

  /// A node on which an upgrade runs out of space.
  public struct Shortfall: Sendable, Hashable, Codable {
    public var name: String
    public var shortBytes: ByteCount

    enum CodingKeys: String, CodingKey {
      case name
      case shortBytes = "short_bytes"
    }
  }

  /// The key that tells this document from a node's report.
  public static let markKey = "max_age_seconds"

  enum CodingKeys: String, CodingKey {
    case schemaVersion = "schema_version"
    case generatedAt = "generated_at"
    case tool, verdict, summary
    case maxAgeSeconds = "max_age_seconds"
    case counts, nodes, missing, unreadable
    case topShortfalls = "top_shortfalls"
  }
}
