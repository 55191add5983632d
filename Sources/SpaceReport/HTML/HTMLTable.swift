import SpaceModel

/// A table with a caption, and heads that say what they are heads of.
struct HTMLTable {
  /// A column: its head, and whether figures stand in it.
  struct Column {
    var head: String
    var isFigure: Bool

    static func text(_ head: String) -> Column { Column(head: head, isFigure: false) }
    static func figure(_ head: String) -> Column { Column(head: head, isFigure: true) }
  }

  private let caption: HTML
  private let columns: [Column]
  private var rows: [HTML] = []
  private let name: String

  /// - Parameter name: What the table is, for those who hear the page.
  init(_ caption: HTML, name: String, _ columns: [Column]) {
    self.caption = caption
    self.name = name
    self.columns = columns
  }

  /// - Parameters:
  ///   - cells: As many as there are columns; the first is the head of the row.
  ///   - tone: What the row is to the eye.
  mutating func add(_ cells: [HTML], tone: TextStyle.Tone? = nil) {
    let row = zip(columns, cells).enumerated().map { index, cell -> HTML in
      let kind = cell.0.isFigure ? "figure" : nil
      return index == 0
        ? .tag("th", ["scope": "row", "class": kind], [cell.1]) : .tag("td", ["class": kind], [cell.1])
    }
    rows.append(.tag("tr", ["class": tone?.className], row) + .lineEnd)
  }

  var isEmpty: Bool { rows.isEmpty }

  /// The table in a box of its own: where the screen is narrow the box scrolls, not the page.
  var html: HTML {
    let heads = columns.map { column in
      HTML.tag("th", ["scope": "col", "class": column.isFigure ? "figure" : nil], [HTML(column.head)])
    }
    return .tag(
      "div", ["class": "scroll", "role": "group", "tabindex": "0", "aria-label": name],
      [
        .tag(
          "table", [:],
          [
            .tag("caption", [:], [caption]), .tag("thead", [:], [.tag("tr", [:], heads)]),
            .tag("tbody", [:], rows),
          ])
      ])
  }
}

/// Sizes on the page: what is not known is called so.
enum HTMLSize {
  static func text(_ count: ByteCount?) -> String { count.map(\.description) ?? "unknown" }

  /// For people, and the exact number of bytes for whoever points at it.
  static func html(_ count: ByteCount?) -> HTML {
    guard let count else { return .tag("span", ["class": "unknown"], ["unknown"]) }
    return .tag("span", ["title": "\(count.bytes) bytes"], [HTML(count.description)])
  }

  /// `795 MiB short` or `1.20 GiB to spare`.
  static func balance(_ headroom: ByteCount?) -> String { headroom.map(TextStyle().balance) ?? "unknown" }
}
