import SpaceModel

/// A piece of a page.
///
/// Names of elements and attributes are literals of this program; everything else is text and is escaped here, so that no
/// name on a disk becomes markup. What comes out is well-formed XML too, so that strict parsers can check it.
struct HTML: Sendable, ExpressibleByStringInterpolation {
  /// The markup.
  let source: String

  private init(markup: String) { source = markup }

  /// Text, also with names in it: all of it is escaped.
  init(stringLiteral text: String) { self.init(text) }

  /// What moves a cursor or turns the direction of the line is shown as `\x1b` or `\u{202e}`, as on a terminal.
  init(_ text: String) { source = Self.escaped(text) }

  static let none = HTML(markup: "")
  static let lineEnd = HTML(markup: "\n")

  var isEmpty: Bool { source.isEmpty }

  /// An element; an attribute that is `nil` is left out.
  static func tag(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ content: [HTML] = []
  ) -> HTML {
    var out = "<\(name)"
    for (attribute, value) in attributes {
      if let value { out += " \(attribute)=\"\(escaped(value))\"" }
    }
    let inside = content.reduce(into: "") { $0 += $1.source }
    // Only elements that are empty by nature may close themselves: to HTML, `<p/>` is a paragraph that begins.
    let closesItself = inside.isEmpty && voidElements.contains("\(name)")
    return HTML(markup: closesItself ? out + "/>" : out + ">\(inside)</\(name)>")
  }

  /// Void elements of HTML, and shapes of SVG, which is XML inside HTML too.
  private static let voidElements: Set<String> = ["meta", "br", "rect", "path", "line", "wbr"]

  /// A whole page.
  static func page(head: [HTML], body: [HTML]) -> String {
    "<!DOCTYPE html>\n"
      + tag("html", ["lang": "en"], [tag("head", [:], head), .lineEnd, tag("body", [:], body)]).source
      + "\n"
  }

  /// A style sheet, which is part of this program.
  static func style(_ sheet: StaticString) -> HTML { HTML(markup: "<style>\(sheet)</style>") }

  /// JSON in an element that browsers neither run nor show, alone on a line.
  ///
  /// What could end the element, or trip a parser, stands in strings only, where an escape means the same.
  static func json(_ bytes: [UInt8], id: StaticString) -> HTML {
    var out = "<script type=\"application/json\" id=\"\(id)\">\n"
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 0x3C, 0x3E, 0x26, 0x7F...0x9F, 0x2028, 0x2029: out += jsonEscape(scalar)
      case _ where isNoncharacter(scalar): out += jsonEscape(scalar)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return HTML(markup: out + "</script>\n")
  }

  private static func jsonEscape(_ scalar: Unicode.Scalar) -> String {
    scalar.utf16.reduce(into: "") { out, unit in
      let digits = String(unit, radix: 16)
      out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }

  /// What Unicode promises never to be a character, and no parser takes.
  private static func isNoncharacter(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value)
  }

  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in DisplayText.escaped(text).unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\"": out += "&quot;"
      case "'": out += "&#39;"
      case _ where isNoncharacter(scalar):
        out.unicodeScalars.append("\u{FFFD}")
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

// MARK: - What the page has more than once

extension HTML {
  static func p(_ content: HTML...) -> HTML { tag("p", [:], content) }

  /// A name from the disk: set apart, so that letters of another direction do not turn what stands around it.
  static func name(_ text: String) -> HTML { tag("code", ["dir": "auto"], [HTML(text)]) }

  /// A word in a frame; its tone only repeats what the word says.
  static func badge(_ word: String, _ tone: TextStyle.Tone = .faint) -> HTML {
    tag("span", ["class": "badge \(tone.className)"], [HTML(word)])
  }

  static func section(_ id: String, _ title: HTML, _ content: [HTML]) -> HTML {
    tag("section", ["id": id, "aria-labelledby": "\(id)-title"], [tag("h2", ["id": "\(id)-title"], [title])] + content)
      + .lineEnd
  }

  /// What is there for whoever wants it.
  static func details(_ summary: HTML, _ content: HTML...) -> HTML {
    tag("details", [:], [tag("summary", [:], [summary])] + content)
  }

  static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.source + right.source) }
}

extension TextStyle.Tone {
  var className: String {
    switch self {
    case .good: "good"
    case .bad: "bad"
    case .notice: "notice"
    case .faint: "faint"
    case .strong: "strong"
    }
  }
}
