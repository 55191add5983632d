import SpaceModel

/// Reads a report that `audit --json` or `--format ndjson` wrote, of this version or a newer one that only adds keys.
public enum ReportDecoder {
  /// - Parameters:
  ///   - bytes: The document.
  ///   - path: Where it was read from, for errors.
  /// - Returns: The report as it was written.
  /// - Throws: ``StorageError`` with code `corrupt` where it is no JSON or a value does not fit, `wrongType` where it is
  ///   another document, `unsupported` where its schema has another major version.
  public static func decode(_ bytes: [UInt8], path: FilePath) throws(StorageError) -> Report {
    let bytes = LogTimestamps.stripped(bytes)
    do {
      if NDJSONReport.begins(bytes) { return try NDJSONReport.decode(bytes) { try requireVersion($0, path) } }
      let document = try JSONValue(parsing: bytes)
      try requireReport(document, path)
      return try document.decode(Report.self, absentText: .isEmpty)
    } catch let error as JSONError {
      throw Self.error(
        .corrupt, path, error.description, hint: "A report is what 'headroom audit --json' writes; save it again.")
    } catch let error as StorageError {
      throw error
    } catch {
      throw Self.error(.corrupt, path, "\(error)", hint: nil)
    }
  }

  private static func requireReport(_ document: JSONValue, _ path: FilePath) throws {
    if let other = otherDocument(document) { throw error(.wrongType, path, other, hint: hint) }
    try requireVersion(document, path)
  }

  private static let hint = "Give the output of 'headroom audit --json'."

  /// Of a report, or of the line that begins one.
  private static func requireVersion(_ document: JSONValue, _ path: FilePath) throws {
    guard let version = document["schema_version"] else {
      throw error(.wrongType, path, "it is no report: the key \"schema_version\" is missing", hint: hint)
    }
    // Before anything else is looked at: another major version may mean other things by the same keys.
    guard case .text(let text) = version.content, let (major, current) = majors(text) else {
      throw JSONError("expected a version like \"1.0\"", at: version.position, keyPath: "schema_version")
    }
    if major > current {
      throw error(
        .unsupported, path, "its schema version is \(text), and this headroom reads \(current).x",
        hint: "Use a newer headroom.")
    }
    if major < current {
      throw error(
        .unsupported, path, "its schema version is \(text), and this headroom reads \(current).x",
        hint: "Use the headroom that wrote it.")
    }
    // A text that is absent is an empty one, but a report is never without its time.
    guard document["generated_at"] != nil else {
      throw JSONError("the key \"generated_at\" is missing", at: document.position)
    }
  }

  /// What the document is where it is one of ours, but no report.
  private static func otherDocument(_ document: JSONValue) -> String? {
    switch document.content {
    case .list(let elements):
      let isMap = elements.first.map(isMap) ?? false
      return isMap ? "it is the output of 'headroom map'" : "it is no report but a list"
    case .object:
      if isMap(document) { return "it is the output of 'headroom map'" }
      if document["census"] != nil || document["payload"]?["census"] != nil { return "it is a payload card" }
      if document["partitions"] != nil, document["verdict"] == nil, document["findings"] == nil,
        document["generated_at"] == nil
      {
        return "it is the output of 'headroom partitions'"
      }
      return nil
    default: return "it is no report but \(document.kindName)"
    }
  }

  private static func isMap(_ document: JSONValue) -> Bool {
    document["map_source"] != nil && document["apparent_bytes"] != nil
  }

  private static func majors(_ text: String) -> (major: Int, current: Int)? {
    func major(_ text: String) -> Int? {
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
      else { return nil }
      // A number that long is a version all the same, and no older one.
      return Int(parts[0]) ?? .max
    }
    guard let written = major(text), let current = major(Report.currentSchemaVersion) else { return nil }
    return (written, current)
  }

  private static func error(
    _ code: StorageError.Code, _ path: FilePath, _ message: String, hint: String?
  ) -> StorageError {
    StorageError(code, operation: "read the report", path: path, message: message, hint: hint)
  }
}
