import SpaceModel

/// What `headroom partitions` shows.
public struct PartitionDocument: Sendable, Hashable, Codable {
  public var schemaVersion = Report.currentSchemaVersion
  public var partitions: [Partition]
  public var limits: [Limit]

  public init(partitions: [Partition], limits: [Limit]) {
    self.partitions = partitions
    self.limits = limits
  }

  enum CodingKeys: String, CodingKey {
    case schemaVersion = "schema_version"
    case partitions, limits
  }
}

/// The same as a table, in the manner of lsblk(8).
public struct PartitionTable: Sendable {
  private let document: PartitionDocument
  private let style: TextStyle
  private let heading: Bool

  public init(_ document: PartitionDocument, style: TextStyle, heading: Bool) {
    self.document = document
    self.style = style
    self.heading = heading
  }

  public func render() -> String {
    var table = TextTable([.left, .right, .left, .left, .left, .left])
    if heading { table.add(["DEVICE", "SIZE", "TYPE", "LABEL", "PARTLABEL", "MOUNTPOINTS"]) }
    for partition in document.partitions {
      table.add([
        partition.device.display, style.size(partition.sizeBytes),
        partition.filesystemType.map { DisplayText.escaped($0) } ?? "-",
        partition.filesystemLabel.map { DisplayText.escaped($0) } ?? "-",
        partition.partitionLabel.map { DisplayText.escaped($0) } ?? "-",
        partition.mountpoints.isEmpty ? "-" : partition.mountpoints.map(\.display).joined(separator: " "),
      ])
    }
    var lines = table.lines()
    if !document.limits.isEmpty {
      lines += ["", "Not seen:"]
      lines += document.limits.flatMap { TextWrap.wrap("  - " + $0.escaped.message, width: style.width, indent: 4) }
    }
    return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
  }
}
