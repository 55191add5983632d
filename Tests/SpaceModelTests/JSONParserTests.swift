import Foundation
import SpaceModel
import TestSupport
import Testing

@Suite struct JSONParserTests {
  static let bad: [(String, String)] = [
    ("", "line 1, column 1: the text is empty"),
    (" \n ", "line 2, column 2: the text is empty"),
    ("[1,\n 2 3]", "line 2, column 4: expected a comma or a closing bracket"),
    ("{\"a\": 1\n\"b\": 2}", "line 2, column 1: expected a comma or a closing brace"),
    ("[1, 2,]", "line 1, column 7: a comma stands before the closing bracket"),
    ("{\"a\": 1, }", "line 1, column 10: a comma stands before the closing brace"),
    ("[,1]", "line 1, column 2: expected a value, found \",\""),
    ("{a: 1}", "line 1, column 2: expected a key in quotation marks, found \"a\""),
    ("{'a': 1}", "line 1, column 2: expected a key in quotation marks, found \"'\""),
    ("{\"a\" 1}", "line 1, column 6: expected a colon behind the key"),
    ("{\"a\":}", "line 1, column 6: expected a value, found \"}\""),
    ("{\"a\":1,\n\"b\":2,\n\"a\":3}", "line 3, column 1: the key \"a\" stands twice, first in line 1"),
    ("{\"a\":1,\"\\u0061\":3}", "line 1, column 8: the key \"a\" stands twice, first in line 1"),
    ("[1", "line 1, column 3: the text ends inside a list"),
    ("[", "line 1, column 2: the text ends where a value should be"),
    ("{\"a\":1", "line 1, column 7: the text ends inside an object"),
    ("{", "line 1, column 2: the text ends inside an object"),
    ("{\"a\":", "line 1, column 6: the text ends where a value should be"),
    ("\"abc", "line 1, column 5: the text ends inside a string"),
    ("\"abc\\", "line 1, column 6: the text ends inside a string"),
    ("\"a\u{1}\"", "line 1, column 3: a control character in a string must be escaped"),
    ("\"a\nb\"", "line 1, column 3: a control character in a string must be escaped"),
    ("\"\\x\"", "line 1, column 2: unknown escape \"\\x\""),
    ("\"\\u12G4\"", "line 1, column 2: \\u takes four hexadecimal digits"),
    ("\"\\u12", "line 1, column 2: \\u takes four hexadecimal digits"),
    ("\"\\ud800\"", "line 1, column 2: half a surrogate pair is no character"),
    ("\"\\ud800\\u0041\"", "line 1, column 2: half a surrogate pair is no character"),
    ("\"\\udc00\\ud800\"", "line 1, column 2: half a surrogate pair is no character"),
    ("01", "line 1, column 1: a number has no leading zeros"),
    ("-01", "line 1, column 1: a number has no leading zeros"),
    ("-", "line 1, column 2: expected a digit behind the minus sign"),
    ("-a", "line 1, column 2: expected a digit behind the minus sign"),
    ("1.", "line 1, column 3: expected a digit behind the decimal point"),
    ("[1.e3]", "line 1, column 4: expected a digit behind the decimal point"),
    ("1e", "line 1, column 3: expected a digit in the exponent"),
    ("1e+", "line 1, column 4: expected a digit in the exponent"),
    ("1e400", "line 1, column 1: the number is too large"),
    ("+1", "line 1, column 1: expected a value, found \"+\""),
    (".5", "line 1, column 1: expected a value, found \".\""),
    ("0x10", "line 1, column 2: expected the end, found \"x10\""),
    ("NaN", "line 1, column 1: expected a value, found \"NaN\""),
    ("True", "line 1, column 1: expected a value, found \"True\""),
    ("nul", "line 1, column 1: expected a value, found \"nul\""),
    ("truely", "line 1, column 1: expected a value, found \"truely\""),
    ("// x\n1", "line 1, column 1: expected a value, found \"/\""),
    ("{} x", "line 1, column 4: expected the end, found \"x\""),
    ("[1]]", "line 1, column 4: expected the end, found \"]\""),
    ("1 2", "line 1, column 3: expected the end, found \"2\""),
    ("[\"äöü€😀\", x]", "line 1, column 11: expected a value, found \"x\""),
    ("[\u{2028}]", "line 1, column 2: expected a value, found \"\\u{2028}\""),
    ("[\u{A0}1]", "line 1, column 2: expected a value, found \"\\u{a0}\""),
    ("\u{FEFF}\u{FEFF}1", "line 1, column 1: expected a value, found \"\\u{feff}\""),
  ]

  @Test("bad JSON is an error that says where and what", arguments: bad)
  func badJSONIsAnErrorThatSaysWhereAndWhat(text: String, message: String) throws {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    #expect(error?.description == message)
  }

  static let badBytes: [([UInt8], String)] = [
    ([0x22, 0xFF, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    // Overlong, a surrogate, beyond Unicode, cut off.
    ([0x22, 0xC0, 0xAF, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    ([0x22, 0xED, 0xA0, 0x80, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    ([0x22, 0xE2, 0x82, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    ([0x22, 0xE2, 0x5C, 0x6E, 0x22], "line 1, column 3: a string holds bytes that are not UTF-8"),
    ([0xFF], "line 1, column 1: expected a value, found \"\\xff\""),
    ([0x00], "line 1, column 1: expected a value, found \"\\x00\""),
    ([0xEF, 0xBB, 0xBF], "line 1, column 1: the text is empty"),
    ([0xFE, 0xFF, 0x00, 0x31], "line 1, column 1: expected a value, found \"\\xfe\""),
  ]

  @Test("bytes that are not UTF-8 are an error", arguments: badBytes)
  func bytesThatAreNotUTF8AreAnError(bytes: [UInt8], message: String) throws {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.description == message)
  }

  static let texts: [(String, String)] = [
    (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
    (#""\ud83d\ude00x""#, "😀x"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""a\u0000b""#, "a\0b"), ("\"\u{7F}\"", "\u{7F}"),
    (#""\uFFFF""#, "\u{FFFF}"), ("\"😀é\"", "😀é"), ("\u{FEFF}\"a\"", "a"), (" \t\r\n\"a\" \r\n", "a"),
  ]

  @Test("strings keep every character", arguments: texts)
  func stringsKeepEveryCharacter(json: String, text: String) throws {
    guard case .text(let read) = try JSONValue(parsing: Array(json.utf8)).content else {
      Issue.record("no text")
      return
    }
    #expect(Array(read.utf8) == Array(text.utf8))
  }

  static let numbers: [(String, JSONNumber)] = [
    ("0", .integer(0)), ("-0", .integer(0)), ("9007199254740993", .integer(9_007_199_254_740_993)),
    ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .large(1 << 63)), ("18446744073709551615", .large(.max)),
    ("18446744073709551616", .double(0x1p64)), ("-9223372036854775809", .double(-0x1p63)), ("1.0", .double(1)),
    ("1e3", .double(1000)), ("-2.5E-3", .double(-0.0025)), ("1e-400", .double(0)), ("-0.0", .double(-0.0)),
    ("0.1", .double(0.1)), ("1E+2", .double(100)),
  ]

  @Test("whole numbers are exact to 64 bits", arguments: numbers)
  func wholeNumbersAreExactTo64Bits(json: String, number: JSONNumber) throws {
    guard case .number(let read) = try JSONValue(parsing: Array(json.utf8)).content else {
      Issue.record("no number")
      return
    }
    #expect(read == number)
  }

  @Test("values know their line and column") func valuesKnowTheirLineAndColumn() throws {
    let json = "\u{FEFF}{\r\n  \"ä\": [1,\r\n\t{\"b\": null}],\n\"c\": \"x\"\n}"
    let value = try JSONValue(parsing: Array(json.utf8))
    #expect(value.position == JSONPosition(line: 1, column: 1))
    let list = try #require(value["ä"])
    #expect(list.position == JSONPosition(line: 2, column: 8))
    guard case .list(let elements) = list.content else {
      Issue.record("no list")
      return
    }
    #expect(elements.map(\.position) == [JSONPosition(line: 2, column: 9), JSONPosition(line: 3, column: 2)])
    #expect(elements.last?["b"]?.position == JSONPosition(line: 3, column: 8))
    #expect(value["c"]?.position == JSONPosition(line: 4, column: 6))
    #expect(value["d"] == nil)
  }

  @Test("letters that only look the same are two keys") func lettersThatOnlyLookTheSameAreTwoKeys() throws {
    // é composed and decomposed: equal to String, not to JSON.
    let many = (0..<20).map { "\"k\($0)\":0" }.joined(separator: ",")
    for json in ["{\"\u{E9}\":1,\"e\u{301}\":2}", "{\(many),\"\u{E9}\":1,\"e\u{301}\":2}"] {
      guard case .object(let members) = try JSONValue(parsing: Array(json.utf8)).content else {
        Issue.record("no object")
        return
      }
      #expect(members.count >= 2)
      #expect(try JSONValue(parsing: Array(json.utf8)).decode([String: Int].self)["\u{E9}"] == 1)
    }
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\(many),\"k17\":1}".utf8)) }
    #expect(error?.message == "the key \"k17\" stands twice, first in line 1")
  }

  @Test("depth is bounded", arguments: [("[", "]"), ("{\"a\":", "}")])
  func depthIsBounded(open: String, close: String) throws {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)).utf8)
    }
    #expect(throws: Never.self) { try JSONValue(parsing: nested(128)) }
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: nested(129)) }
    #expect(error?.message == "nested deeper than 128 levels")
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: Array(String(repeating: open, count: 1_000_000).utf8))
    }
  }

  @Test("errors stay on one line however long the words are") func errorsStayOnOneLine() throws {
    let key = String(repeating: "k\\n", count: 1000)
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{\"\(key)\":1,\"\(key)\":2}".utf8)) }
    let text = try #require(error?.description)
    #expect(text.utf8.count < 300)
    #expect(!text.contains("\n"))
  }
}
