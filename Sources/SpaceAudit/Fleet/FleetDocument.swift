import SpaceModel
import SpaceReport
import Synchronization

/// What one file says of one node, or of several.
struct FleetDocument {
  private let bytes: [UInt8]
  private let file: FleetFile

  init(_ bytes: [UInt8], _ file: FleetFile) {
    self.bytes = LogTimestamps.stripped(bytes)
    self.file = file
  }

  /// - Parameter mayBeOthers: What is no JSON is somebody else's unless something in it says that it is a report; so it is
  ///   with logs always.
  func outcomes(mayBeOthers: Bool = false) -> [FleetMerge.Outcome] {
    if file.kind == .log, !Self.holdsReport(bytes[...]) { return [] }
    let whole = Self.outcome(bytes[...], file.path, isNamed: file.isNamed)
    guard case .unreadable = whole else { return [whole] }
    let isLenient = mayBeOthers || file.kind == .log
    let pieces = DocumentPieces.split(bytes)
    guard pieces.count > 1 || pieces.first.map({ $0.lowerBound > 0 }) ?? false else {
      return isLenient && !Self.holdsReport(bytes[...]) ? [.skipped] : [whole]
    }
    var found: [FleetMerge.Outcome] = []
    for (number, piece) in pieces.enumerated() {
      let path = pieces.count == 1 ? file.path : FilePath(bytes: file.path.bytes + "#\(number + 1)".utf8)
      let outcome = Self.outcome(bytes[piece], path, isNamed: file.isNamed && pieces.count == 1)
      switch outcome {
      case .report, .node: found.append(outcome)
      case .unreadable where !isLenient || Self.holdsReport(bytes[piece]): found.append(outcome)
      case .unreadable, .skipped: break
      }
    }
    // Lines of somebody's JSON are one document that is no report.
    return found.isEmpty ? [file.isNamed ? whole : .skipped] : found
  }

  private static func holdsReport(_ bytes: ArraySlice<UInt8>) -> Bool {
    let mark = Array("\"schema_version\"".utf8)
    return bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while let quote = rest.firstIndex(of: mark[0]) {
        if rest[quote...].starts(with: mark) { return true }
        rest = rest[(quote + 1)...]
      }
      return false
    }
  }

  private static func outcome(_ bytes: ArraySlice<UInt8>, _ path: FilePath, isNamed: Bool) -> FleetMerge.Outcome {
    guard bytes.count <= FleetReading.reportLimit else {
      let limit = ByteCount(clamping: FleetReading.reportLimit)
      return .unreadable(FleetReport.Unreadable(source: path, reason: "it is larger than any report is (\(limit))"))
    }
    // A large document takes many times its size while it is read.
    return bytes.count > 1 << 20 ? turn.withLock { _ in decoded(bytes, path, isNamed) } : decoded(bytes, path, isNamed)
  }

  private static let turn = Mutex(())

  private static func decoded(_ bytes: ArraySlice<UInt8>, _ path: FilePath, _ isNamed: Bool) -> FleetMerge.Outcome {
    let bytes = Array(bytes)
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
