import SpaceModel

/// A list of the nodes that should have a report.
public enum NodeList {
  /// A name a line; blank lines and what stands behind `#` are none, and `node/` in front, as kubectl gives it, is no part
  /// of a name.
  ///
  /// - Returns: The names in the list's order, each once.
  public static func names(_ bytes: [UInt8]) -> [String] {
    var seen: Set<String> = []
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let text = RawArgument.text(of: line.prefix { $0 != UInt8(ascii: "#") })
      let words = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
      guard let word = words.first else { return nil }
      let name = String(word.hasPrefix("node/") ? word.dropFirst("node/".count) : word)
      return !name.isEmpty && seen.insert(name).inserted ? name : nil
    }
  }
}
