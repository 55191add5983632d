import SpaceModel

/// An SVG picture as wide as the page lets it be.
///
/// Places along it are in percent of the width and heights in pixels, so that its text keeps its size on a telephone.
struct Picture {
  private let title: String
  private let summary: String
  private let height: Int
  private let id: String
  private var shapes: [HTML] = []

  /// - Parameters:
  ///   - id: Unlike all others on the page.
  ///   - summary: What an eye would take from it.
  init(id: String, title: String, summary: String, height: Int) {
    self.id = id
    self.title = title
    self.summary = summary
    self.height = height
  }

  /// A bar from one place of the axis to another; nothing where it would have no length.
  mutating func bar(_ from: Double, _ to: Double, y: Int, height: Int, _ className: String) {
    guard to > from else { return }
    shapes.append(
      .tag(
        "rect",
        [
          "class": className, "x": Axis.percent(from), "width": Axis.percent(to - from), "y": "\(y)",
          "height": "\(height)",
        ]))
  }

  /// An upright line.
  mutating func line(_ at: Double, from top: Int, to bottom: Int, _ className: String) {
    let x = Axis.percent(at)
    shapes.append(.tag("line", ["class": className, "x1": x, "x2": x, "y1": "\(top)", "y2": "\(bottom)"]))
  }

  enum Anchor: String { case start, middle, end }

  /// One line of text; what is longer than `limit` characters is cut before the suffix, as the table beneath has it whole.
  mutating func text(
    _ text: String, suffix: String = "", _ at: Double, y: Int, _ anchor: Anchor = .start, _ className: String = "",
    limit: Int = 34
  ) {
    let room = max(1, limit - suffix.count)
    let shown = (text.count > room ? text.prefix(room - 1) + "…" : text[...]) + suffix
    shapes.append(
      .tag(
        "text", ["class": className, "x": Axis.percent(at), "y": "\(y)", "text-anchor": anchor.rawValue],
        [HTML(String(shown))]))
  }

  var html: HTML {
    .tag(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "picture", "role": "img", "width": "100%",
        "height": "\(height)", "aria-labelledby": "\(id)-title \(id)-summary",
      ],
      [
        .tag("title", ["id": "\(id)-title"], [HTML(title)]), .tag("desc", ["id": "\(id)-summary"], [HTML(summary)]),
      ] + shapes)
  }
}

/// Places of sizes along a picture.
struct Axis {
  private let least: Double
  private let span: Double

  init(from least: ByteCount, to most: ByteCount) {
    self.least = Double(least.bytes)
    span = max(1, Double(most.bytes) - Double(least.bytes))
  }

  /// 0 to 1.
  func place(_ count: ByteCount) -> Double { min(1, max(0, (Double(count.bytes) - least) / span)) }

  /// `12.34%`, without a formatter (none without Foundation).
  static func percent(_ part: Double) -> String {
    let hundredths = Int((min(1, max(0, part)) * 10_000).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100)" + (rest == 0 ? "" : rest < 10 ? ".0\(rest)" : ".\(rest)") + "%"
  }
}

/// What the colours of a picture mean, with a patch of each.
struct Legend {
  private var entries: [HTML] = []

  mutating func add(_ className: String, _ words: String) {
    entries.append(
      .tag(
        "li", [:],
        [
          .tag(
            "svg",
            [
              "xmlns": "http://www.w3.org/2000/svg", "class": "patch", "aria-hidden": "true", "width": "14",
              "height": "14",
            ],
            [.tag("rect", ["class": className, "width": "14", "height": "14"])]), HTML(words),
        ]))
  }

  var html: HTML { .tag("ul", ["class": "legend"], entries) }

  /// Hatchings that pictures refer to, so that colour alone never tells.
  static let patterns = HTML.tag(
    "svg",
    [
      "xmlns": "http://www.w3.org/2000/svg", "class": "patterns", "aria-hidden": "true", "width": "0", "height": "0",
    ],
    [
      .tag("title", [:], ["Hatchings"]), .tag("desc", [:], ["What the pictures below are filled with."]),
      pattern("hatch-short", "short-ground", "short-line", "M-2 2L2-2M0 8L8 0M6 10L10 6"),
      pattern("hatch-waste", "waste-ground", "waste-line", "M2 0V8M6 0V8"),
    ])

  private static func pattern(_ id: String, _ ground: String, _ line: String, _ strokes: String) -> HTML {
    .tag(
      "pattern", ["id": id, "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"],
      [
        .tag("rect", ["class": ground, "width": "8", "height": "8"]), .tag("path", ["class": line, "d": strokes]),
      ])
  }
}
