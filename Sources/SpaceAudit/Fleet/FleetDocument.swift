import SpaceModel
import SpaceReport

/// What one file says of one node, or of several.
struct FleetDocument {
  private let bytes: [UInt8]
  private let file: FleetFile

  init(_ bytes: [UInt8], _ file: FleetFile) {
    self.bytes = bytes
    self.file = file
  }

  /// - Parameter mayBeOthers: What is no JSON is somebody else's unless something in it says that it is a report.
  func outcomes(mayBeOthers: Bool = false) -> [FleetMerge.Outcome] {
    // Most logs are others'.
    if file.kind == .log, !holdsReport { return [] }
    let whole = Self.outcome(bytes, file.path, isNamed: file.isNamed)
    guard case .unreadable = whole else { return [whole] }
    let pieces = DocumentPieces.split(bytes)
    guard pieces.count > 1 || pieces.first.map({ $0.lowerBound > 0 }) ?? false else {
      return mayBeOthers && !holdsReport ? [.skipped] : [whole]
    }
    let outcomes = pieces.enumerated().map { number, piece in
      let path = pieces.count == 1 ? file.path : FilePath(bytes: file.path.bytes + "#\(number + 1)".utf8)
      return Self.outcome(Array(bytes[piece]), path, isNamed: file.isNamed && pieces.count == 1)
    }
    let found = outcomes.filter { outcome in
      switch outcome {
      case .skipped: false
      case .unreadable: !mayBeOthers || holdsReport
      case .report, .node: true
      }
    }
    // Lines of somebody's JSON are one document that is no report.
    return found.isEmpty ? [.skipped] : found
  }

  private var holdsReport: Bool {
    let mark = Array("\"schema_version\"".utf8)
    return bytes.withUnsafeBytes { all in
      all.indices.contains { index in
        all[index] == mark[0] && all.count - index >= mark.count
          && all[index..<(index + mark.count)].elementsEqual(mark)
      }
    }
  }

  private static func outcome(_ bytes: [UInt8], _ path: FilePath, isNamed: Bool) -> FleetMerge.Outcome {
    do throws(StorageError) {
      return .report(FleetNode(try ReportDecoder.decode(bytes, path: path), source: path))
    } catch {
      if isFleet(bytes) { return .skipped }
      // A directory holds other documents too; one that was named was taken for a report.
      if error.code == .wrongType, !isNamed { return .skipped }
      return .unreadable(FleetReading.unreadable(error, path))
    }
  }

  /// Whether it is what this command wrote before.
  private static func isFleet(_ bytes: [UInt8]) -> Bool {
    guard let document = try? JSONValue(parsing: bytes) else { return false }
    return document[FleetReport.markKey] != nil && document["nodes"] != nil
  }
}
