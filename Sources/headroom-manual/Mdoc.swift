/// A manual page as it grows, in mdoc(7).
struct Mdoc {
  private(set) var text: String

  /// - Parameters:
  ///   - title: As `HEADROOM`.
  ///   - section: Of the manual.
  ///   - date: As mdoc writes it: `November 24, 2026`.
  init(title: String, section: Int, date: String) {
    text = ".\\\" Made by Fixtures/manual. Do not edit.\n.Dd \(date)\n.Dt \(title) \(section)\n.Os\n"
  }

  /// A line as it is: a macro with its arguments.
  mutating func macro(_ line: String) { text += line + "\n" }

  mutating func section(_ title: String) { macro(".Sh \(title.uppercased())") }

  mutating func subsection(_ title: String) { macro(".Ss \(Self.escaped(title))") }

  /// Words that are filled, a sentence on each line.
  mutating func prose(_ words: String) {
    for paragraph in words.split(separator: "\n") {
      for sentence in Self.sentences(String(paragraph)) {
        for line in Self.filled(sentence) { text += line + "\n" }
      }
    }
  }

  mutating func paragraph(_ words: String) {
    macro(".Pp")
    prose(words)
  }

  /// Lines that stand as they are.
  mutating func literal(_ lines: [String]) {
    macro(".Bd -literal -offset indent")
    for line in lines { text += Self.line(line) + "\n" }
    macro(".Ed")
  }

  /// A list of words with their meanings.
  mutating func list(width: String, _ items: [(macro: String, meaning: String)]) {
    macro(".Bl -tag -width \(width)")
    for item in items {
      macro(".It \(item.macro)")
      prose(item.meaning)
    }
    macro(".El")
  }

  /// A word as an argument of a macro: never taken for a macro itself.
  static func argument(_ word: String) -> String {
    let plain = escaped(word)
    let isMacro = word.count <= 3 && word.first?.isUppercase == true
    let isPunctuation = word.count == 1 && word.first?.isLetter == false
    return (isMacro || isPunctuation ? "\\&" : "") + (plain.contains(" ") ? "\"\(plain)\"" : plain)
  }

  /// A line of text: never taken for a macro.
  private static func line(_ text: String) -> String {
    let plain = escaped(text)
    return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
  }

  /// A sentence as lines that are no longer than editors and mdoc like.
  private static func filled(_ sentence: String) -> [String] {
    var lines: [String] = []
    for word in sentence.split(separator: " ").map({ escaped(String($0)) }) {
      if let last = lines.last, last.count + 1 + word.count <= 78 {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(word.hasPrefix(".") || word.hasPrefix("'") ? "\\&" + word : word)
      }
    }
    return lines
  }

  private static func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\"": result += "\\(dq"
      case _ where !scalar.isASCII:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }

  private static func sentences(_ text: String) -> [String] {
    var sentences: [String] = []
    for word in text.split(separator: " ") {
      if let last = sentences.last, !(last.hasSuffix(".") && word.first?.isUppercase == true) {
        sentences[sentences.count - 1] = last + " " + word
      } else {
        sentences.append(String(word))
      }
    }
    return sentences
  }
}
