import SpaceModel

/// One line a node.
struct FleetTable {
  private let nodes: [FleetNode]
  private let style: TextStyle
  private let heading: Bool

  init(_ nodes: [FleetNode], style: TextStyle, heading: Bool) {
    self.nodes = nodes
    self.style = style
    self.heading = heading
  }

  /// Each no wider than the terminal, unless its figures alone are.
  func lines() -> [String] {
    let figures = rows(title: "") { _ in "" }
    let room = max(12, style.width - (figures.map(\.count).max() ?? 0) - 2)
    let tones = (heading ? [nil] : []) + nodes.map { $0.verdict == .ok ? nil : $0.verdict.tone }
    return zip(rows(title: "WHY") { cut(why($0), to: room) }, tones).map { line, tone in
      tone.map { style.paint(line, $0) } ?? line
    }
  }

  private func rows(title: String, why: (FleetNode) -> String) -> [String] {
    var table = TextTable([.left, .left, .left, .right, .right, .left])
    if heading { table.add(["NODE", "VERDICT", "RUNS", "HEADROOM", "RECLAIMABLE", title]) }
    for node in nodes {
      table.add([
        shortened(DisplayText.escaped(node.name), to: max(20, style.width / 3)), node.verdict.rawValue, runs(node),
        style.size(node.headroomBytes), style.size(node.reclaimableBytes), why(node),
      ])
    }
    return table.lines()
  }

  private func runs(_ node: FleetNode) -> String {
    let version = node.version.map { shortened(DisplayText.escaped($0), to: 20) } ?? "-"
    guard let mode = node.bootMode, mode != .active else { return version }
    return "\(version) (\(mode.rawValue))"
  }

  private func why(_ node: FleetNode) -> String {
    var parts: [String] = []
    if let doubt = node.ageDoubt {
      parts.append(Self.words(doubt) + (node.reportedVerdict.map { ", was \($0.rawValue)" } ?? ""))
    }
    if node.incomplete == true, node.finding?.id != .auditIncomplete { parts.append("incomplete audit") }
    if let finding = node.finding {
      let message = style.width >= 120 ? finding.message.map { ": \($0)" } ?? "" : ""
      let since = node.integritySince.map { "since \($0.prefix(10))" }
      parts.append([finding.id.rawValue, finding.target, since].compactMap { $0 }.joined(separator: " ") + message)
    } else if node.verdict == .ok, node.outcome == nil {
      parts.append("no upgrade projected")
    }
    return DisplayText.escaped(parts.joined(separator: "; "))
  }

  private static func words(_ doubt: FleetNode.AgeDoubt) -> String {
    switch doubt {
    case .old: "old report"
    case .ahead: "report dated ahead"
    case .undated: "report without a time"
    }
  }

  /// The middle goes: names of one cluster differ at an end.
  private func shortened(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    let mark = style.unicode ? "…" : "..."
    let kept = max(2, width - mark.count)
    return text.prefix(kept - kept / 2) + mark + text.suffix(kept / 2)
  }

  private func cut(_ text: String, to width: Int) -> String {
    guard text.count > width else { return text }
    let mark = style.unicode ? "…" : "..."
    return text.prefix(max(1, width - mark.count)) + mark
  }
}
