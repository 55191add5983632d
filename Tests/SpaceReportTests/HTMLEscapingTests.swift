import SpaceModel
import Testing

@testable import SpaceReport

@Suite("HTML escaping")
struct HTMLEscapingTests {
  /// U+FFFE, U+1FFFF and U+FDD0, which Swift takes in no literal.
  static let nonCharacters = String(
    decoding: [0xEF, 0xBF, 0xBE, 0xF0, 0x9F, 0xBF, 0xBF, 0xEF, 0xB7, 0x90] as [UInt8], as: UTF8.self)

  @Test(
    "Text stays text",
    arguments: [
      ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
      ("\" onload='x'", "&quot; onload=&#39;x&#39;"),
      ("a & b", "a &amp; b"),
      ("&lt;", "&amp;lt;"),
      ("]]>", "]]&gt;"),
      ("a\nb\u{1B}[2J", "a\\x0ab\\x1b[2J"),
      ("\u{202E}gpj", "\\u{202e}gpj"),
      (nonCharacters, "\u{FFFD}\u{FFFD}\u{FFFD}"),
      ("Grüße, שלום", "Grüße, שלום"),
    ])
  func text(_ text: String, _ expected: String) {
    #expect(HTML(text).source == expected)
    #expect(("a\(text)" as HTML).source == "a" + expected)
    #expect(HTML.tag("p", ["title": text], [HTML(text)]).source == "<p title=\"\(expected)\">\(expected)</p>")
  }

  @Test("A name that is not UTF-8 is shown by its bytes") func bytes() {
    #expect(HTML.name(FilePath(bytes: [0x61, 0xFF, 0x3C]).display).source == "<code dir=\"auto\">a\\xff&lt;</code>")
  }

  @Test("An attribute without a value is left out, and only void elements close themselves") func elements() {
    #expect(HTML.tag("td", ["class": nil]).source == "<td></td>")
    #expect(HTML.tag("meta", ["charset": "utf-8"]).source == "<meta charset=\"utf-8\"/>")
  }

  @Test("Data cannot end its element, and means the same to a reader of JSON") func data() throws {
    let text = "</script><!--&\u{2028}\u{85}\\u003c" + Self.nonCharacters
    var limits = Samples.report([])
    limits.limits = [Limit("x", text)]
    let html = HTML.json(try ReportEncoder.encode(limits, indented: false), id: "report").source
    #expect(html.hasPrefix("<script type=\"application/json\" id=\"report\">\n{"))
    #expect(html.hasSuffix("}\n</script>\n"))
    let lines = html.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(!lines[1].contains { "<>&\u{2028}\u{85}".contains($0) })
    #expect(lines[1].unicodeScalars.allSatisfy { $0.value & 0xFFFE != 0xFFFE })
    #expect(try ReportDecoder.decode(Array(lines[1].utf8), path: "page") == limits)
  }

  @Test(
    "Percents are written without a formatter",
    arguments: [(0, "0%"), (1, "100%"), (0.5, "50%"), (0.1234, "12.34%"), (0.1205, "12.05%"), (-1, "0%"), (7, "100%")])
  func percents(_ part: Double, _ expected: String) { #expect(Axis.percent(part) == expected) }

  @Test("A table's heads say what they are heads of") func table() {
    var table = HTMLTable("All", name: "All of <it>", [.text("Name"), .figure("Size")])
    #expect(table.isEmpty)
    table.add(["a", HTMLSize.html(nil)], tone: .bad)
    let source = table.html.source
    #expect(source.contains("<caption>All</caption>"))
    #expect(source.contains("<th scope=\"col\" class=\"figure\">Size</th>"))
    #expect(source.contains("<tr class=\"bad\"><th scope=\"row\">a</th><td class=\"figure\">"))
    #expect(source.contains(">unknown</span>"))
    #expect(source.contains("aria-label=\"All of &lt;it&gt;\""))
  }
}
