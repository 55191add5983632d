import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct TextLayoutTests {
  static let wrapped: [(String, Int, Int, [String])] = [
    ("", 10, 2, [""]), ("a b c", 10, 2, ["a b c"]), ("aaa bbb ccc", 7, 2, ["aaa bbb", "  ccc"]),
    ("  aaa bbb", 6, 4, ["  aaa", "    bbb"]), ("aaaaaaaaaaaa b", 5, 1, ["aaaaaaaaaaaa", " b"]),
    ("a aaaaaaaaaaaa", 5, 1, ["a", " aaaaaaaaaaaa"]),
    ("of 3.11 GiB, or 46 % less", 8, 1, ["of", " 3.11 GiB,", " or 46 %", " less"]),
    ("B is no unit here", 1, 0, ["B", "is", "no", "unit", "here"]),
  ]

  @Test("text breaks at spaces", arguments: wrapped) func textBreaksAtSpaces(
    text: String, width: Int, indent: Int, lines: [String]
  ) {
    #expect(TextWrap.wrap(text, width: width, indent: indent) == lines)
  }

  @Test("columns are as wide as a terminal draws them") func columnsAreAsWideAsATerminalDrawsThem() {
    var table = TextTable([.left, .right, .left])
    table.add(["日本", "1", "a"])
    table.add(["état", "22", ""])
    table.add(["e\u{301}", "333", "b"])
    #expect(table.lines(indent: 1) == [" 日本    1  a", " état   22", " e\u{301}     333  b"])
    #expect(TextTable([.left]).lines().isEmpty)
  }

  @Test("a terminal is never taken for narrower than 40 columns") func aTerminalIsNeverTakenForNarrowerThan40Columns() {
    #expect(TextStyle(width: 3).width == 40)
    #expect(TextStyle(width: 300).width == 300)
  }

  @Test("the bar shows an unreadable place however small") func theBarShowsAnUnreadablePlaceHoweverSmall() {
    #expect([CellKind.data, .data, .unreadable].commonest == .unreadable)
    #expect([CellKind.data, .hole, .hole].commonest == .hole)
    #expect([CellKind.data, .hole].commonest == [CellKind.hole, .data].commonest)
  }
}
