/// Breaks text at spaces, but never between a number and its unit.
public enum TextWrap {
  private static let units: [Substring] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "%"]

  /// - Parameter indent: Spaces before every line but the first.
  public static func wrap(_ text: String, width: Int, indent: Int) -> [String] {
    var lines: [String] = []
    let leading = text.prefix { $0 == " " }
    var line = String(leading)
    var isEmpty = true
    let words = text.split(separator: " ").reduce(into: [String]()) { words, word in
      if let last = words.last, units.contains(word.prefix { $0.isLetter || $0 == "%" }), last.last?.isNumber == true {
        words[words.count - 1] = last + " " + word
      } else {
        words.append(String(word))
      }
    }
    for word in words {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    lines.append(line)
    return lines
  }
}
