import SpaceModel

/// Every finding with its remedy, and what could not be seen.
struct FindingSection {
  let report: Report

  var html: HTML {
    guard !report.findings.isEmpty else { return .section("findings", "Findings", [.p("Nothing was found.")]) }
    return .section("findings", "Findings", report.findings.map(finding))
  }

  private func finding(_ finding: Finding) -> HTML {
    let isIgnored = finding.ignored == true
    var content: [HTML] = [
      .tag(
        "h3", [:],
        [
          .badge(finding.severity.rawValue, isIgnored ? .faint : finding.severity.tone), " ",
          .name(finding.id.rawValue), " ", .name(finding.target),
        ]),
      .p(HTML(finding.message)),
    ]
    if isIgnored { content.append(.p("It was asked to ignore this: it is no part of the verdict.")) }
    if let remedy = finding.remedy { content.append(RemedyBlock(remedy).html) }
    return .tag("article", ["class": "finding"], content) + .lineEnd
  }

  var limits: HTML {
    guard !report.limits.isEmpty else { return .none }
    return .section(
      "limits", "Not seen",
      [
        .p("What this report could not look at, so that it is not mistaken for a full one:"),
        .tag(
          "ul", [:],
          report.limits.map { limit in .tag("li", [:], [HTML(limit.message), " ", .name(limit.id)]) }),
      ])
  }
}

/// What to do: commands to be pasted, or a sentence.
struct RemedyBlock {
  private let text: String

  init(_ text: String) { self.text = text }

  var html: HTML {
    if text.hasSuffix(".") { return .p(HTML(text)) }
    // Line by line: what ends a line is the only control character that a remedy may hold.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      HTML.tag("span", ["class": line.hasPrefix("#") ? "line remark" : "line"], [HTML(String(line)), .lineEnd])
    }
    return .tag("pre", [:], [.tag("code", [:], lines)])
  }
}
