import SpaceModel

/// What `headroom copy --json` writes: one object (docs/copy.md).
public enum CopyJSON {
  public static func document(_ result: CopyResult) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    text("1.0", "schema_version", &writer)
    path(result.source, "source", &writer)
    path(result.destination, "destination", &writer)
    text(result.method.rawValue, "method", &writer)
    number(result.apparentBytes, "apparent_bytes", &writer)
    number(result.copiedBytes, "copied_bytes", &writer)
    number(result.holeBytes, "hole_bytes", &writer)
    number(result.dugBytes, "dug_bytes", &writer)
    number(result.sourceAllocatedBytes, "source_allocated_bytes", &writer)
    number(result.allocatedBytes, "allocated_bytes", &writer)
    if let replaced = result.replacedAllocatedBytes { number(replaced, "replaced_allocated_bytes", &writer) }
    if let label = result.label {
      // No text is empty in any of the documents.
      if label.isEmpty {
        writer.key("label_removed")
        writer.value(true)
      } else {
        text(label, "label", &writer)
      }
    }
    writer.key("verified")
    writer.value(result.verification != nil)
    if let verification = result.verification {
      text(verification.source, "source_read", &writer)
      text(verification.destination, "destination_read", &writer)
    }
    if !result.notKept.isEmpty {
      writer.key("not_kept")
      writer.beginArray()
      for name in result.notKept { writer.value(name) }
      writer.endArray()
    }
    writer.endObject()
    writer.newline()
    return writer.bytes
  }

  /// A path that is not UTF-8 is percent-encoded, and a key beside it says so, as in a report.
  private static func path(_ path: FilePath, _ key: String, _ writer: inout JSONWriter) {
    let coded = path.coded
    let isEncoded = coded.hasPrefix(FilePath.percentPrefix)
    text(isEncoded ? String(coded.dropFirst(FilePath.percentPrefix.count)) : coded, key, &writer)
    if isEncoded { text("percent", key + "_encoding", &writer) }
  }

  private static func text(_ value: String, _ key: String, _ writer: inout JSONWriter) {
    writer.key(key)
    writer.value(value)
  }

  /// One that a double cannot hold has a twin as text, as in a report.
  private static func number(_ value: ByteCount, _ key: String, _ writer: inout JSONWriter) {
    writer.key(key)
    writer.value(value.bytes)
    if value.bytes > ReportEncoder.largestExactInteger { text(String(value.bytes), key + "_s", &writer) }
  }
}
