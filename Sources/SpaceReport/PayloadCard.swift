import SpaceModel

/// A payload's measure in a file of a few KiB: taken once for a release, carried to every node.
public struct PayloadCard: Sendable, Hashable, Codable {
  public static let currentVersion = "1.0"

  /// "MAJOR.MINOR", as a report's.
  public var payloadCard = PayloadCard.currentVersion
  public var generatedAt: String
  public var tool: Report.Tool
  public var payload: Payload

  public init(generatedAt: String, tool: Report.Tool, payload: Payload) {
    self.generatedAt = generatedAt
    self.tool = tool
    self.payload = payload
  }

  enum CodingKeys: String, CodingKey {
    case payloadCard = "payload_card"
    case generatedAt = "generated_at"
    case tool, payload
  }
}
