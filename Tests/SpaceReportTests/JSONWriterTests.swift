import Foundation
import SpaceReport
import Testing

@Suite struct JSONWriterTests {
  private func text(indented: Bool = false, _ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(indented: indented)
    body(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  static let strings: [(String, String)] = [
    ("", #""""#), ("plain", #""plain""#), ("a\"b", #""a\"b""#), ("a\\b", #""a\\b""#), ("a/b", #""a/b""#),
    ("\n\t\r", #""\n\t\u000d""#), ("\0\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("état 😀", #""état 😀""#),
    ("\u{2028}\u{202E}", #""\u2028\u202e""#), ("\"\"", #""\"\u0022""#), ("\"\"\"\"x", #""\"\u0022\"\u0022x""#),
  ]

  @Test("strings are escaped", arguments: strings) func stringsAreEscaped(string: String, json: String) throws {
    #expect(text { $0.value(string) } == json)
    let back = try JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    #expect(back as? String == string)
    #expect(
      text {
        $0.beginObject(); $0.key(string); $0.value(1); $0.endObject()
      } == "{\(json):1}")
  }

  @Test("integers are exact to the ends of 64 bits") func integersAreExactToTheEndsOf64Bits() {
    #expect(text { $0.value(Int64.min) } == "-9223372036854775808")
    #expect(text { $0.value(Int64.max) } == "9223372036854775807")
    #expect(text { $0.value(UInt64.max) } == "18446744073709551615")
    #expect(text { $0.value(0) } == "0")
    #expect(text { $0.value(Int8(-128)) } == "-128")
    #expect(text { $0.value(UInt8(10)) } == "10")
  }

  @Test("without indent all stands on one line") func withoutIndentAllStandsOnOneLine() {
    let json = text { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.value(1)
      writer.value("b")
      writer.value(true)
      writer.beginArray()
      writer.endArray()
      writer.endArray()
      writer.key("c")
      writer.beginObject()
      writer.endObject()
      writer.key("d")
      writer.value(false)
      writer.endObject()
      writer.newline()
    }
    #expect(json == #"{"a":[1,"b",true,[]],"c":{},"d":false}"# + "\n")
  }

  @Test("with indent each element has a line") func withIndentEachElementHasALine() {
    let json = text(indented: true) { writer in
      writer.beginObject()
      writer.key("a")
      writer.beginArray()
      writer.value(1)
      writer.beginObject()
      writer.key("b")
      writer.value(2)
      writer.endObject()
      writer.endArray()
      writer.key("empty")
      writer.beginArray()
      writer.endArray()
      writer.key("none")
      writer.beginObject()
      writer.endObject()
      writer.endObject()
    }
    #expect(
      json == """
        {
          "a": [
            1,
            {
              "b": 2
            }
          ],
          "empty": [],
          "none": {}
        }
        """)
  }

  @Test("what was written is forgotten, and the document goes on")
  func whatWasWrittenIsForgottenAndTheDocumentGoesOn() {
    var writer = JSONWriter(indented: false)
    writer.beginArray()
    writer.value(1)
    let first = writer.bytes
    writer.removeAll()
    #expect(writer.bytes.isEmpty)
    writer.value(2)
    writer.endArray()
    #expect(String(decoding: first + writer.bytes, as: UTF8.self) == "[1,2]")
  }

  @Test("nesting has no end") func nestingHasNoEnd() throws {
    let depth = 300
    let json = text(indented: true) { writer in
      for _ in 0..<depth { writer.beginArray() }
      for _ in 0..<depth { writer.endArray() }
    }
    #expect(json.filter { $0 == "[" }.count == depth && json.filter { $0 == "]" }.count == depth)
    _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
  }
}
