import SpaceModel

/// A report to paste into a ticket, in GitHub Flavored Markdown: the answer, what to do, the figures, every finding.
public struct MarkdownReport: Sendable {
  private let summary: ReportSummary
  private let report: Report

  public init(_ report: Report) {
    summary = ReportSummary(report)
    self.report = report
  }

  public func render() -> String {
    var lines = headline() + toDo() + partitions() + images()
    for projection in summary.report.projections { lines += upgrade(projection) }
    lines += findings() + limits() + footer()
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: The answer

  private func headline() -> [String] {
    [
      "## \(MarkdownText.code(summary.subject)): \(report.verdict.rawValue.uppercased())", "",
      "**Why:** \(MarkdownText.prose(summary.statement)).",
    ]
  }

  private func toDo() -> [String] {
    guard let remedy = summary.remedy else { return [] }
    return ["", "### What to do", ""] + Self.remedy(remedy)
  }

  /// A sentence, or commands to paste.
  private static func remedy(_ text: String) -> [String] {
    text.hasSuffix(".") ? [MarkdownText.prose(text)] : MarkdownText.block(text, language: "sh")
  }

  // MARK: Figures

  private func partitions() -> [String] {
    guard !report.partitions.isEmpty else { return [] }
    let rows = report.partitions.map { partition in
      [
        MarkdownText.code(partition.name), MarkdownText.code(partition.device.display),
        partition.filesystemType.map(MarkdownText.code) ?? "-", Self.size(partition.sizeBytes),
        Self.size(partition.freeBytes), Self.size(partition.usableBytes), partition.state.rawValue,
      ]
    }
    return ["", "### Partitions", ""]
      + MarkdownText.table(["Partition", "Device", "Type", ">Size", ">Free", ">For root", "State"], rows)
  }

  private func images() -> [String] {
    let rows = report.partitions.flatMap { partition in
      (partition.images ?? []).map { image in
        [
          MarkdownText.code(partition.target(of: image)), image.role.rawValue, Self.system(image),
          Self.size(image.apparentBytes), Self.size(image.allocatedBytes), Self.reclaimable(image),
          Self.integrity(image),
        ]
      }
    }
    guard !rows.isEmpty else { return [] }
    return ["", "### Images", ""]
      + MarkdownText.table(
        ["Image", "Role", "System", ">Apparent", ">Allocated", ">Reclaimable", "Written whole"], rows)
  }

  private static func system(_ image: ImageUsage) -> String {
    (image.os?.prettyName ?? image.os?.version).map(MarkdownText.code) ?? "-"
  }

  private static func reclaimable(_ image: ImageUsage) -> String {
    if image.hardLinkOf != nil { return "hard link" }
    let mark = image.reclaimableBasis == .estimate ? "about " : image.reclaimableReasons == nil ? "" : "at least "
    return image.reclaimableBytes.map { "\(mark)\($0)" } ?? "-"
  }

  private static func integrity(_ image: ImageUsage) -> String {
    guard let integrity = image.integrity else { return "-" }
    guard let lost = integrity.lostBytes, lost > .zero else { return integrity.state.rawValue }
    return "\(integrity.state.rawValue), \(lost) lost"
  }

  private static func size(_ count: ByteCount?) -> String { count?.description ?? "-" }

  // MARK: The projection

  private func upgrade(_ projection: Projection) -> [String] {
    let place = summary.report.placeName(of: projection)
    let optional = projection.isOptional == true ? ", done on request only" : ""
    var words = [ProjectionText.message(projection)]
    if let basis = projection.basis, !basis.isEstimate {
      words.append("Size of the new system: \(ProjectionText.basis(projection)).")
    }
    words.append("Profile \(projection.profile), \(projection.profileSource); \(projection.model).")
    var lines = [
      "", "### Upgrade on \(MarkdownText.code(place)): \(MarkdownText.prose(projection.upgrade))\(optional)", "",
    ]
    lines.append(MarkdownText.prose(words.joined(separator: " ")))
    if !projection.steps.isEmpty { lines += [""] + steps(projection) }
    if !projection.whatIfs.isEmpty { lines += [""] + whatIfs(projection) }
    return lines
  }

  private func steps(_ projection: Projection) -> [String] {
    var rows = projection.steps.map { step in
      [
        MarkdownText.code(step.name) + (step.name == projection.peakStep ? " (peak)" : ""), "\(step.changeBytes)",
        "\(step.usedBytes)", "\(step.freeBytes)",
      ]
    }
    if let first = projection.steps.first {
      rows.insert(
        ["now", "", "\(first.usedBytes - first.changeBytes)", "\(first.freeBytes + first.changeBytes)"], at: 0)
    }
    return MarkdownText.table(["Step", ">Change", ">Used", ">Left"], rows)
  }

  private func whatIfs(_ projection: Projection) -> [String] {
    let rows = projection.whatIfs.map { whatIf in
      [
        MarkdownText.code(ProjectionTable.words(whatIf.id)), "\(whatIf.freesBytes)",
        whatIf.headroomBytes.map(TextStyle().balance) ?? "-", whatIf.outcome.words,
        whatIf.risk.map(MarkdownText.prose) ?? "",
      ]
    }
    return MarkdownText.table(["What if", ">Frees", ">Then", "Outcome", "But"], rows)
  }

  // MARK: Findings

  private func findings() -> [String] {
    let rows = report.findings.map { finding in
      [
        finding.severity.rawValue + (finding.ignored == true ? " (ignored)" : ""),
        MarkdownText.code(finding.id.rawValue), MarkdownText.code(finding.target), MarkdownText.prose(finding.message),
      ]
    }
    guard !rows.isEmpty else { return [] }
    return ["", "### Findings", ""] + MarkdownText.table(["Severity", "Finding", "Target", "What it means"], rows)
  }

  private func limits() -> [String] {
    guard !report.limits.isEmpty else { return [] }
    return ["", "### Not seen", ""] + report.limits.map { "- \(MarkdownText.prose($0.message))" }
  }

  private func footer() -> [String] {
    let command = report.tool.command.map { " \($0.rawValue)" } ?? ""
    let words = "\(report.tool.name)\(command), version \(report.tool.version), \(report.generatedAt)"
    return ["", "Made by \(MarkdownText.code(words))."]
  }
}
