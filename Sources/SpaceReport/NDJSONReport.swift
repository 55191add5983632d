import SpaceModel

/// A report as one JSON object a line, for what reads a stream.
///
/// Each line has a `type`: `start` first, then `limit`, `partition`, each `image` behind its partition, `projection` and
/// `finding`, and `summary` last; without that one it is not whole. ``ProgressLine`` may stand anywhere. A reader ignores
/// types it does not know. ``ReportDecoder`` makes the report of it again.
public struct NDJSONReport: Sendable {
  private let report: Report

  public init(_ report: Report) { self.report = report }

  /// - Returns: All lines, the last one ended.
  /// - Throws: Only what an `encode(to:)` of the report's own types throws.
  public func render() throws -> [UInt8] {
    var out = try Line(.start, StartLine(report)).bytes()
    for limit in report.limits { out += try Line(.limit, limit).bytes() }
    for partition in report.partitions {
      out += try Line(.partition, PartitionLine(partition)).bytes()
      for image in partition.images ?? [] { out += try Line(.image, ImageLine(image, on: partition)).bytes() }
    }
    for projection in report.projections { out += try Line(.projection, projection).bytes() }
    for finding in report.findings { out += try Line(.finding, finding).bytes() }
    return out + (try Line(.summary, SummaryLine(report)).bytes())
  }

  enum LineType: String { case start, limit, partition, image, projection, finding, summary, progress }

  /// What a line is, in front of the keys of what it holds.
  struct Line<Content: Encodable>: Encodable {
    private let type: LineType
    private let content: Content

    init(_ type: LineType, _ content: Content) {
      self.type = type
      self.content = content
    }

    enum CodingKeys: CodingKey { case type }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(type.rawValue, forKey: .type)
      try content.encode(to: encoder)
    }

    func bytes() throws -> [UInt8] { try ReportEncoder.encode(self, indented: false) }
  }
}

/// How far reading image data has come; written while it is read.
public struct ProgressLine: Sendable, Hashable, Codable {
  /// What is done now, `cOS/passive.img`; `nil` where nothing was begun.
  public var stage: String?
  /// Bytes read so far.
  public var bytesDone: ByteCount
  /// Bytes that will be read as far as is known yet: it grows as images are found, and holes inside them make it a little
  /// too much. 0 where nothing was planned.
  public var bytesPlanned: ByteCount

  public init(stage: String?, bytesDone: ByteCount, bytesPlanned: ByteCount) {
    self.stage = stage
    self.bytesDone = bytesDone
    self.bytesPlanned = bytesPlanned
  }

  /// - Returns: `{"type":"progress",…}` with its line end.
  /// - Throws: Nothing in practice.
  public func render() throws -> [UInt8] { try NDJSONReport.Line(.progress, self).bytes() }

  enum CodingKeys: String, CodingKey {
    case stage
    case bytesDone = "bytes_done"
    case bytesPlanned = "bytes_planned"
  }
}
