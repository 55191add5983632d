import SpaceModel

/// The top of the page: the answer, why, and the one thing to do first. It says what the first lines of text say.
struct PageOpening {
  private let report: Report
  private let layout: ReportLayout
  private let upgrade: ReportOpening
  private let integrity: IntegrityAnswer

  init(_ report: Report) {
    self.report = report
    let style = TextStyle()
    layout = ReportLayout(report: report, style: style)
    upgrade = ReportOpening(report: report, style: style)
    integrity = IntegrityAnswer(report)
  }

  /// The title of the page.
  var title: String { "\(upgrade.subject): \(headline.call)" }

  private var isAboutIntegrity: Bool { report.tool.command == .verify }

  private var headline: Headline {
    isAboutIntegrity ? integrity.headline ?? layout.verdictHeadline : upgrade.headline ?? layout.verdictHeadline
  }

  /// Why, a sentence each.
  private var reasons: [String] {
    if isAboutIntegrity { return [] }
    if upgrade.headline == nil { return layout.roomLeft }
    return [upgrade.figures, upgrade.running].compactMap { $0 }
  }

  private var remedies: [String] {
    if isAboutIntegrity {
      return report.findings.first { $0.severity > .info && $0.remedy != nil }?.remedy.map { [$0] } ?? []
    }
    return upgrade.headline == nil ? layout.verdictRemedies : upgrade.remedy.map { [$0] } ?? []
  }

  var html: HTML {
    var content: [HTML] = [
      .tag(
        "p", ["class": "subject"],
        [.name(upgrade.subject), " ", .badge("verdict: \(report.verdict.rawValue)", report.verdict.tone)]),
      .tag("h1", [:], [HTML(headline.call)]), .tag("p", ["class": "lead"], [HTML(headline.sentence)]),
    ]
    content += reasons.map { .p(HTML($0)) }
    if let first = first { content.append(first) }
    if !isAboutIntegrity, upgrade.headline != nil, let besides = layout.besides {
      content.append(.p(.tag("strong", [:], ["Also: "]), HTML(besides.text)))
      content += besides.remedies.prefix(ReportLayout.mostRemedies).map { RemedyBlock($0).html }
    }
    return .tag("header", ["class": "opening \(headline.tone.className)"], content) + .lineEnd
  }

  private var first: HTML? {
    let all = remedies
    guard !all.isEmpty else {
      return report.verdict == .ok ? .p(.tag("strong", [:], ["Nothing needs doing."])) : nil
    }
    let shown = all.prefix(ReportLayout.mostRemedies)
    let more = all.count - shown.count
    return .tag(
      "div", ["class": "first"],
      [.tag("p", ["class": "strong"], ["Do this first"])] + shown.map { RemedyBlock($0).html }
        + (more > 0 ? [.p(HTML("And \(more) more like these, below."))] : []))
  }
}

extension Headline {
  /// The rest as a sentence of its own.
  var sentence: String {
    let text = rest.drop { $0 == ":" || $0 == " " }
    // A sentence about a target begins with its name, which stays as it is.
    let beginsWithName = text.prefix { $0 != " " }.contains(":")
    return beginsWithName ? String(text) : text.prefix(1).uppercased() + text.dropFirst()
  }
}
