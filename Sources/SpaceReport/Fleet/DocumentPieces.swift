/// Several documents in one text: reports sent one after the other by a loop over nodes, or a pod's log with a report in it.
///
/// A document begins at a brace at a line's start: inside one, whatever this tool writes is indented. So a document that
/// breaks off spoils none behind it, and lines between them are no part of any.
public enum DocumentPieces {
  /// - Returns: Each document's bytes, in order. Lines with a type of their own (NDJSON) stay together up to the summary.
  public static func split(_ bytes: [UInt8]) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var open: Range<Int>?
    var isStream = false
    var hasStart = false
    func close() {
      if let piece = open { pieces.append(piece) }
      open = nil
      isStream = false
      hasStart = false
    }
    var start = 0
    while start < bytes.count {
      let end = lineEnd(in: bytes, from: start)
      let line = bytes[start..<end]
      if line.first == UInt8(ascii: "{") {
        let isTyped = line.starts(with: "{\"type\":".utf8)
        let isStart = line.starts(with: streamStart)
        // A second start is another report: the one before it broke off.
        if let piece = open, isStream, isTyped, !(isStart && hasStart) {
          open = piece.lowerBound..<end
        } else {
          close()
          open = start..<end
          isStream = isTyped
        }
        if isStart { hasStart = true }
        if isTyped ? line.starts(with: "{\"type\":\"summary\"".utf8) : isWhole(line) { close() }
      } else if let piece = open {
        open = piece.lowerBound..<end
        if line.first == UInt8(ascii: "}") { close() }
      }
      start = end < bytes.count && bytes[end] == UInt8(ascii: "{") ? end : end + 1
    }
    close()
    return pieces
  }

  private static let streamStart = Array("{\"type\":\"start\"".utf8)

  /// Where the line ends, or the next report begins in the middle of it: one that broke off there has no line end. Inside
  /// a text the quotes would be escaped, and no line of a report holds another.
  private static func lineEnd(in bytes: [UInt8], from start: Int) -> Int {
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    guard bytes[start..<end].starts(with: "{\"type\":".utf8) else { return end }
    return bytes[(start + 1)..<end].firstRange(of: streamStart)?.lowerBound ?? end
  }

  /// A document on one line.
  private static func isWhole(_ line: ArraySlice<UInt8>) -> Bool {
    line.last { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 } == UInt8(ascii: "}")
  }
}
