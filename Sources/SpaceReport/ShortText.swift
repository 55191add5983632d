/// Text made to fit readers that take so many bytes and no more, and would cut it themselves anywhere.
enum ShortText {
  /// At most `limit` bytes of UTF-8, in whole characters.
  ///
  /// What is cut ends in two dots, behind a whole word where one ends near.
  static func cut(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    let mark = ".."
    guard limit > mark.utf8.count else { return prefix(text, bytes: max(0, limit)) }
    var kept = prefix(text, bytes: limit - mark.utf8.count)
    if let space = kept.lastIndex(of: " "), kept.utf8.distance(from: space, to: kept.endIndex) <= 12,
      kept.utf8.distance(from: kept.startIndex, to: space) > limit / 2
    {
      kept = String(kept[..<space])
    }
    return kept + mark
  }

  /// The same with a question mark for every scalar that is not printable ASCII: one byte each.
  static func ascii(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      out.unicodeScalars.append((0x20..<0x7F).contains(scalar.value) ? scalar : "?")
    }
    return out
  }

  /// `text` with each of these ASCII characters as `\xNN`, the way what cannot be shown is escaped.
  static func escaping(_ characters: String, in text: String) -> String {
    guard text.unicodeScalars.contains(where: { characters.unicodeScalars.contains($0) }) else { return text }
    var out = ""
    for scalar in text.unicodeScalars {
      if scalar.isASCII, characters.unicodeScalars.contains(scalar) {
        out += hexadecimal(scalar)
      } else {
        out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
    "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
  }

  private static func prefix(_ text: String, bytes limit: Int) -> String {
    var out = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= limit else { break }
      out.append(scalar)
    }
    return String(out)
  }
}
