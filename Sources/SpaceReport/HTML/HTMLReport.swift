import SpaceModel

/// One page for a browser: the answer at its top, then pictures with their figures, and the report itself as data.
///
/// It needs nothing but itself: no script runs, nothing is fetched, and its own policy forbids both. The same report gives
/// the same bytes.
public struct HTMLReport: Sendable {
  private let report: Report
  /// The same with its texts fit for people.
  private let shown: Report

  /// - Parameter report: As it is: every text in it is escaped here.
  public init(_ report: Report) {
    self.report = report
    shown = report.escaped
  }

  public func render() -> String {
    let opening = PageOpening(shown)
    return HTML.page(
      head: [
        .tag("meta", ["charset": "utf-8"]),
        .tag(
          "meta",
          [
            "http-equiv": "Content-Security-Policy",
            "content": "default-src 'none'; style-src 'unsafe-inline'",
          ]), .tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        .tag("meta", ["name": "color-scheme", "content": "light dark"]), .tag("title", [:], [HTML(opening.title)]),
        .style(HTMLStyle.sheet),
      ],
      body: [
        Legend.patterns, opening.html, contents, .tag("main", [:], sections.map(\.html)), footer, .lineEnd, json,
      ])
  }

  private var sections: [(id: String, title: String, html: HTML)] {
    let findings = FindingSection(report: shown)
    let upgrade = ("upgrade", "The upgrade", ProjectionSection(report: shown).html)
    let integrity = ("integrity", "Integrity", IntegritySection(report: shown).html)
    let disk = [
      ("partitions", "Partitions", PartitionSection(report: shown).html),
      ("images", "Images", ImageSection(report: shown).html),
    ]
    let rest = [("findings", "Findings", findings.html), ("limits", "Not seen", findings.limits)]
    let first = report.tool.command == .verify ? [integrity, upgrade] : [upgrade]
    let last = report.tool.command == .verify ? [] : [integrity]
    return (first + disk + last + rest).filter { !$0.2.isEmpty }
  }

  private var contents: HTML {
    .tag(
      "nav", ["aria-label": "Contents"],
      [.tag("ul", [:], sections.map { .tag("li", [:], [.tag("a", ["href": "#\($0.id)"], [HTML($0.title)])]) })])
  }

  private var footer: HTML {
    let command = report.tool.command.map { " \($0.rawValue)" } ?? ""
    var facts = ["\(shown.tool.name)\(command), version \(shown.tool.version), at \(shown.generatedAt)"]
    let host = shown.host
    let system = host.osName ?? [host.product, host.productVersion].compactMap { $0 }.joined(separator: " ")
    if !system.isEmpty { facts.append(system) }
    if let architecture = host.architecture { facts.append(architecture) }
    return .tag(
      "footer", [:],
      [
        .p(HTML(facts.joined(separator: "; ") + ".")),
        .p("The whole report stands in this page as JSON. To get it out:"),
        .tag("pre", [:], [.tag("code", [:], ["sed -n '/^<script type=\"application.json\"/{n;p}' report.html"])]),
      ])
  }

  private var json: HTML {
    // Encoding the report's own types throws nothing; without its data the page still says all it has to.
    (try? ReportEncoder.encode(report, indented: false)).map { .json($0, id: "report") } ?? .none
  }
}
