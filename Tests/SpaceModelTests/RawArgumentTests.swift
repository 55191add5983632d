import SpaceModel
import TestSupport
import Testing

@Suite struct RawArgumentTests {
  /// Bytes that are not UTF-8, and what a person is shown.
  static let broken: [([UInt8], String)] = [
    ([0x80], "\\x80"),
    ([0xBF, 0x41], "\\xbfA"),
    ([0xFF, 0xFE], "\\xff\\xfe"),
    // Truncated sequences of two, three and four bytes, at the end and before text.
    ([0xC3], "\\xc3"),
    ([0xC3, 0x41], "\\xc3A"),
    ([0xE2, 0x82], "\\xe2\\x82"),
    ([0xE2, 0x82, 0x41], "\\xe2\\x82A"),
    ([0xF0, 0x9F, 0x98], "\\xf0\\x9f\\x98"),
    ([0xF0, 0x9F, 0x98, 0x41], "\\xf0\\x9f\\x98A"),
    // Overlong forms of '/', NUL and more.
    ([0xC0, 0xAF], "\\xc0\\xaf"),
    ([0xC0, 0x80], "\\xc0\\x80"),
    ([0xC1, 0xBF], "\\xc1\\xbf"),
    ([0xE0, 0x80, 0xAF], "\\xe0\\x80\\xaf"),
    ([0xF0, 0x80, 0x80, 0xAF], "\\xf0\\x80\\x80\\xaf"),
    // A surrogate, something beyond U+10FFFF, lengths that do not exist any more.
    ([0xED, 0xA0, 0x80], "\\xed\\xa0\\x80"),
    ([0xF4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"),
    ([0xF8, 0x88, 0x80, 0x80, 0x80], "\\xf8\\x88\\x80\\x80\\x80"),
    // What is text around it stays text.
    (Array("é".utf8) + [0xE9] + Array("é€😀".utf8), "é\\xe9é€😀"),
  ]

  @Test("bytes that are not UTF-8 survive and are shown", arguments: broken) func bytesThatAreNotUTF8SurviveAndAreShown(
    bytes: [UInt8], shown: String
  ) {
    let text = RawArgument.text(of: bytes)
    #expect(RawArgument.bytes(of: text) == bytes)
    #expect(DisplayText.escaped(bytes) == shown)
    #expect(DisplayText.escaped(text) == shown)
    #expect(FilePath(text).bytes == bytes)
  }

  @Test(
    "text stays as it is, private-use characters included",
    arguments: ["", "plain", "état", "e\u{301}tat", "😀", "\u{E000}\u{F8FF}\u{F0000}\u{10FF00}\u{10FF7F}", "a\0b"])
  func textStaysAsItIsPrivateUseCharactersIncluded(text: String) {
    #expect(Array(RawArgument.text(of: Array(text.utf8)).utf8) == Array(text.utf8))
    #expect(RawArgument.bytes(of: text) == Array(text.utf8))
  }

  @Test("2,000 random byte strings survive") func n2000RandomByteStringsSurvive() {
    for number in 0..<2000 {
      var random = Seed.current.derived(number)
      let bytes = randomBytes(&random)
      let text = RawArgument.text(of: bytes)
      #expect(RawArgument.bytes(of: text) == bytes, "\(bytes), case \(number) of \(Seed.current)")
      let shown = DisplayText.escaped(bytes)
      #expect(isHarmless(shown), "\(bytes), case \(number) of \(Seed.current)")
    }
  }

  /// The last 128 private-use characters stand for bytes that are no text; a name may really have them.
  @Test(
    "the characters that stand for bytes survive themselves", arguments: [0x10_FF80, 0x10_FFC3, 0x10_FFFF] as [UInt32])
  func theCharactersThatStandForBytesSurviveThemselves(value: UInt32) throws {
    let bytes = Array(String(try #require(Unicode.Scalar(value))).utf8)
    #expect(RawArgument.bytes(of: RawArgument.text(of: bytes)) == bytes)
  }

  /// Random bytes with a liking for the beginnings of sequences.
  private func randomBytes(_ random: inout Seed) -> [UInt8] {
    let leads: [UInt8] = [0xC2, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF3, 0x80, 0xBF, 0xC0, 0xFF]
    return (0..<Int.random(in: 0..<32, using: &random)).map { _ in
      switch Int.random(in: 0..<3, using: &random) {
      case 0: leads[Int.random(in: 0..<leads.count, using: &random)]
      case 1: UInt8.random(in: 0x80...0xBF, using: &random)
      default: UInt8.random(in: 0...255, using: &random)
      }
    }
  }

  private func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: false
      default: !scalar.properties.isBidiControl && !(0x10_FF80...0x10_FFFF).contains(scalar.value)
      }
    }
  }
}

@Suite struct DisplayTextTests {
  static let rows: [(String, String)] = [
    ("", ""), ("a b~", "a b~"), ("a\nb\tc\r", "a\\x0ab\\x09c\\x0d"), ("\u{0}\u{1F}", "\\x00\\x1f"),
    ("\u{1B}[2J", "\\x1b[2J"), ("\u{7F}", "\\x7f"), ("\u{80}\u{9B}31m\u{9F}", "\\x80\\x9b31m\\x9f"),
    ("\u{A0}", "\u{A0}"),
    ("a\u{202E}gmi.b", "a\\u{202e}gmi.b"), ("\u{202A}\u{202B}\u{202C}\u{202D}", "\\u{202a}\\u{202b}\\u{202c}\\u{202d}"),
    ("\u{2066}\u{2067}\u{2068}\u{2069}", "\\u{2066}\\u{2067}\\u{2068}\\u{2069}"),
    ("\u{200E}\u{200F}\u{61C}", "\\u{200e}\\u{200f}\\u{61c}"), ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
    ("\u{200B}\u{200D}\u{FEFF}", "\\u{200b}\\u{200d}\\u{feff}"), ("a\u{AD}b\u{2060}c", "a\\u{ad}b\\u{2060}c"),
    ("\u{E0041}", "\\u{e0041}"), ("état 日本 😀", "état 日本 😀"), ("\u{10FFE9}", "\\xe9"), ("\u{E000}", "\u{E000}"),
  ]

  @Test("what could move a cursor or hide is escaped", arguments: rows) func whatCouldMoveACursorOrHideIsEscaped(
    text: String, shown: String
  ) {
    #expect(DisplayText.escaped(text) == shown)
    #expect(DisplayText.escaped(shown) == shown)
  }
}
