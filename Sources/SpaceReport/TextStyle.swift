import SpaceModel

/// How text output may look: how wide, with which characters, in colour or not.
public struct TextStyle: Sendable, Hashable {
  /// Columns of the terminal; lines are cut to it only where a picture or table would break.
  public var width: Int
  /// Box and block characters may be used.
  public var unicode: Bool
  public var color: Bool
  /// Sizes as plain integers.
  public var exactBytes: Bool

  public init(width: Int = 80, unicode: Bool = true, color: Bool = false, exactBytes: Bool = false) {
    self.width = max(40, width)
    self.unicode = unicode
    self.color = color
    self.exactBytes = exactBytes
  }

  public func size(_ count: ByteCount?) -> String {
    guard let count else { return "-" }
    return exactBytes ? String(count.bytes) : count.description
  }

  /// What is left over, or missing.
  func balance(_ headroom: ByteCount) -> String {
    headroom < .zero ? "\(size(ByteCount.zero - headroom)) short" : "\(size(headroom)) to spare"
  }

  /// Commands stay whole, a line each: they are there to be pasted. A sentence is wrapped.
  func remedy(_ text: String, indent: String) -> [String] {
    let lines = text.split(separator: "\n")
    if text.hasSuffix(".") {
      return TextWrap.wrap("\(indent)Do: \(lines.joined(separator: " "))", width: width, indent: indent.count + 4)
    }
    return lines.enumerated().map { number, line in
      indent + (number == 0 ? "Do: " : "    ") + paint(String(line), .strong)
    }
  }

  /// What a colour stands for; the words and glyphs say the same without it.
  public enum Tone: Sendable { case good, bad, notice, faint, strong }

  public func paint(_ text: String, _ tone: Tone) -> String {
    guard color else { return text }
    let code =
      switch tone {
      case .good: "32"
      case .bad: "1;31"
      case .notice: "33"
      case .faint: "2"
      case .strong: "1"
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }

  /// The glyph of a cell.
  public func glyph(_ kind: CellKind) -> Character {
    switch kind {
    case .data: unicode ? "█" : "#"
    case .zero: unicode ? "▒" : "0"
    case .unwritten: unicode ? "░" : "u"
    case .mostlyHole: unicode ? "▁" : "_"
    case .hole: unicode ? "·" : "."
    case .unreadable: "!"
    }
  }
}

/// Rows of cells in columns as wide as their widest cell.
public struct TextTable: Sendable {
  public enum Alignment: Sendable { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]] = []

  public init(_ alignments: [Alignment]) { self.alignments = alignments }

  public mutating func add(_ row: [String]) { rows.append(row) }

  /// The lines, each without white space at its end.
  public func lines(indent: Int = 0) -> [String] {
    let widths = alignments.indices.map { column in rows.map { width($0[column]) }.max() ?? 0 }
    return rows.map { row in
      var line = String(repeating: " ", count: indent)
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - width(cell))
        line += alignments[column] == .left ? cell + padding : padding + cell
        line += "  "
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// Columns a terminal needs: wide East Asian characters and emoji take two, combining marks none.
  private func width(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.unicodeScalars.reduce(0) { sum, scalar in
      switch scalar.value {
      case 0x300...0x36F, 0xFE00...0xFE0F: sum
      case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        sum + 2
      default: sum + 1
      }
    }
  }
}
