import SpaceModel

/// Pieces of GitHub Flavored Markdown that text from outside cannot break out of.
enum MarkdownText {
  /// A name as a code span: nothing in it is a link, a mention, HTML or emphasis.
  ///
  /// Backticks would end it and pipes a table's cell, in code too; both are shown escaped, as `\xNN`, like what cannot be
  /// shown at all.
  static func code(_ text: String) -> String {
    let safe = ShortText.escaping("`|", in: DisplayText.escaped(text))
    if safe.isEmpty { return "-" }
    // One space on each side is dropped again.
    return safe.first == " " || safe.last == " " ? "` \(safe) `" : "`\(safe)`"
  }

  /// A sentence of ours with names in it: words that could mean something to Markdown, or that a ticket system makes a link
  /// or a mention of, become code.
  static func prose(_ text: String) -> String {
    DisplayText.escaped(text).split(separator: " ", omittingEmptySubsequences: false).enumerated().map { place, word in
      isPlain(word) && !(place == 0 && beginsBlock(word)) ? String(word) : code(String(word))
    }.joined(separator: " ")
  }

  /// Lines to paste, fenced by more backticks than there are in them.
  static func block(_ text: String, language: String) -> [String] {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { DisplayText.escaped(String($0)) }
    var longest = 2
    var run = 0
    for byte in lines.joined(separator: "\n").utf8 {
      run = byte == UInt8(ascii: "`") ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    return [fence + language] + lines + [fence]
  }

  /// A table of cells that are Markdown already; right-aligned columns are those whose heading begins with `>`.
  static func table(_ headings: [String], _ rows: [[String]]) -> [String] {
    let names = headings.map { $0.first == ">" ? String($0.dropFirst()) : $0 }
    let rule = headings.map { $0.first == ">" ? "---:" : "---" }
    return ([names, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
  }

  private static func isPlain(_ word: Substring) -> Bool {
    let lower = word.lowercased()
    return !word.unicodeScalars.contains { "`|<>&@\\[]{}*~#$".unicodeScalars.contains($0) }
      && !["://", "www.", "mailto:", "xmpp:"].contains { lower.contains($0) } && !hasEmphasis(word)
  }

  /// Within a word an underscore is just that.
  private static func hasEmphasis(_ word: Substring) -> Bool {
    func isLetter(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) }
    let scalars = Array(word.unicodeScalars)
    return scalars.indices.contains { place in
      scalars[place] == "_"
        && !(place > 0 && place + 1 < scalars.count && isLetter(scalars[place - 1]) && isLetter(scalars[place + 1]))
    }
  }

  /// The mark of a list item, a rule or a heading at the beginning of a line.
  private static func beginsBlock(_ word: Substring) -> Bool {
    let rest = word.drop { ("0"..."9").contains($0) }
    return rest.allSatisfy { "+-=.)".contains($0) }
  }
}
