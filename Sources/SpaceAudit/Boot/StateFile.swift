import SpaceModel

/// What is needed of elemental's `state.yaml`, which it keeps on COS_STATE and COS_RECOVERY.
///
/// The file is written by a program, in block style; only that is understood. What is in another form is not known.
struct StateFile {
  /// `state.snapshotter`, `state.max-snaps`, … by path of keys, lower levels behind dots.
  private var values: [String: String] = [:]

  /// Longer files are not elemental's.
  static let sizeLimit = 256 << 10

  init(parsing bytes: [UInt8]) {
    var open: [(indent: Int, key: String)] = []
    for line in bytes.prefix(Self.sizeLimit).split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      let indent = text.utf8.prefix { $0 == 0x20 }.count
      let rest = text.utf8.dropFirst(indent)
      // Items of lists hold nothing that is needed; comments and markers neither.
      guard let first = rest.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "#"),
        let colon = rest.firstIndex(of: UInt8(ascii: ":"))
      else { continue }
      while let last = open.last, last.indent >= indent { open.removeLast() }
      open.append((indent, Self.plain(rest[..<colon])))
      let value = Self.plain(rest[rest.index(after: colon)...])
      if !value.isEmpty { values[open.map(\.key).joined(separator: ".")] = value }
    }
  }

  /// Without the quotes and white space around it.
  private static func plain(_ text: Substring.UTF8View) -> String {
    let isEdge = { (byte: UInt8) in byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }
    var trimmed = text.drop(while: isEdge)
    while let last = trimmed.last, isEdge(last) { trimmed.removeLast() }
    return String(decoding: trimmed, as: UTF8.self)
  }

  var snapshotter: String? { values["snapshotter.type"] }
  /// `nil` also for a number that no node can mean: the file is text that anybody can have written.
  var maxSnapshots: Int? {
    values["snapshotter.max-snaps"].flatMap { Int($0) }.flatMap { (1...10_000).contains($0) ? $0 : nil }
  }
  var activeFilesystem: String? { values["state.active.fs"] }

  /// The snapshot that the next boot takes; `nil` where none or several are marked.
  var activeSnapshot: Int? {
    let prefix = "state.snapshots."
    let numbers = values.compactMap { key, value -> Int? in
      guard value == "true", key.hasPrefix(prefix), key.hasSuffix(".active") else { return nil }
      return SnapshotPlace.number(String(key.dropFirst(prefix.count).dropLast(".active".count)))
    }
    return numbers.count == 1 ? numbers.first : nil
  }
}
