import SpaceModel

extension NDJSONReport {
  /// Whether the first line is an object of its own with a `type`; a report's first line is no whole object, or has none.
  static func begins(_ bytes: [UInt8]) -> Bool {
    var lines = Lines(bytes)
    guard let line = lines.next(), let value = try? JSONValue(parsing: Array(line.bytes)) else { return false }
    return value["type"] != nil
  }

  /// - Parameter requireVersion: Throws where the first line says a version that cannot be read.
  /// - Throws: ``JSONError`` with the line, where it is not whole or does not fit.
  static func decode(_ bytes: [UInt8], requireVersion: (JSONValue) throws -> Void) throws -> Report {
    var reading = Reading()
    for line in Lines(bytes) {
      do {
        try reading.take(JSONValue(parsing: Array(line.bytes)), requireVersion)
      } catch var error as JSONError {
        error.position.line = line.number
        throw error
      }
      reading.last.line = line.number
    }
    return try reading.finish()
  }

  /// A report that is put together line by line.
  private struct Reading {
    private var report: Report?
    private var summary: SummaryLine?
    /// The line that was taken last.
    var last = JSONPosition(line: 1, column: 1)

    mutating func take(_ line: JSONValue, _ requireVersion: (JSONValue) throws -> Void) throws {
      guard case .text(let name)? = line["type"]?.content else {
        throw JSONError("expected an object with a \"type\"", at: line.position)
      }
      // Of a newer minor version.
      guard let type = LineType(rawValue: name), type != .progress else { return }
      guard summary == nil else { throw JSONError("there is more behind the summary", at: line.position) }
      if type == .start {
        guard report == nil else { throw JSONError("a second report begins", at: line.position) }
        try requireVersion(line)
        report = Report(try line.decode(StartLine.self, absentText: .isEmpty))
        return
      }
      guard report != nil else { throw JSONError("it does not begin with its start", at: line.position) }
      switch type {
      case .limit: report?.limits.append(try line.decode(absentText: .isEmpty))
      case .partition: report?.partitions.append(try Self.partition(line))
      case .image: try add(line.decode(ImageLine.self, absentText: .isEmpty), at: line.position)
      case .projection: report?.projections.append(try line.decode(absentText: .isEmpty))
      case .finding: report?.findings.append(try line.decode(absentText: .isEmpty))
      case .summary:
        let summary = try line.decode(SummaryLine.self)
        report?.verdict = summary.verdict
        self.summary = summary
      case .start, .progress: break
      }
    }

    func finish() throws(JSONError) -> Report {
      guard let report, let summary else {
        throw JSONError("it ends without its summary, so it is not whole", at: last)
      }
      // Not the severities: what was chosen to be ignored may have been changed in the lines.
      let counted = SummaryLine(report)
      for key in [\SummaryLine.limitCount, \.partitionCount, \.imageCount, \.projectionCount, \.findingCount]
      where counted[keyPath: key] != summary[keyPath: key] {
        throw JSONError("lines are missing: its summary counts others", at: last)
      }
      return report
    }

    private static func partition(_ line: JSONValue) throws -> Partition {
      let content = try line.decode(PartitionLine.self, absentText: .isEmpty)
      var partition = content.partition
      partition.images = content.imageCount == nil ? nil : []
      return partition
    }

    private mutating func add(_ line: ImageLine, at position: JSONPosition) throws {
      guard let index = report?.partitions.lastIndex(where: { $0.device == line.device }),
        report?.partitions[index].images?.append(line.image) != nil
      else { throw JSONError("no partition before it says that it holds images", at: position) }
    }
  }
}

extension Report {
  /// With nothing found yet.
  fileprivate init(_ start: NDJSONReport.StartLine) {
    self.init(
      generatedAt: start.generatedAt, tool: start.tool, host: start.host, boot: start.boot, limits: [], partitions: [],
      findings: [])
    schemaVersion = start.schemaVersion
  }
}
