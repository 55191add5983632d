import SpaceModel

/// What to do, for each node that is not ok; once for all on which it is the same.
struct FleetInstructions {
  /// For so many findings it is said what to do, and for so many nodes of one how large it is; JSON has all.
  private static let most = (groups: 20, messages: 5)
  static let again = "run 'headroom audit --json'"

  private let report: FleetReport
  private let style: TextStyle

  init(_ report: FleetReport, style: TextStyle) {
    self.report = report
    self.style = style
  }

  func lines() -> [String] {
    let groups = Self.grouped(report.nodes.filter { $0.verdict != .ok })
    let left = groups.dropFirst(Self.most.groups).reduce(0) { $0 + $1.count }
    return groups.prefix(Self.most.groups).flatMap { [""] + lines(for: $0) }
      + (left > 0 ? ["", "What to do on \(left) more: --json has them all."] : [])
  }

  // MARK: Groups

  private struct Key: Hashable {
    var verdict: Verdict
    var id: Finding.ID?
    var target: String?
    var remedy: String?
    var otherFindings: Int?
    var ageDoubt: FleetNode.AgeDoubt?
    var incomplete: Bool?
    /// Of a node whose reports disagree: it is explained by itself.
    var source: FilePath?

    init(_ node: FleetNode) {
      verdict = node.verdict
      id = node.finding?.id
      target = node.finding?.target
      remedy = node.finding?.remedy
      otherFindings = node.otherFindings
      ageDoubt = node.ageDoubt
      incomplete = node.incomplete
      let isPlain = node.conflictsWith == nil && node.integritySource == nil && node.integritySince == nil
      source = isPlain ? nil : node.source
    }
  }

  /// In the order of their first nodes.
  private static func grouped(_ nodes: [FleetNode]) -> [[FleetNode]] {
    var places: [Key: Int] = [:]
    var groups: [[FleetNode]] = []
    for node in nodes {
      if let place = places[Key(node)] {
        groups[place].append(node)
      } else {
        places[Key(node)] = groups.count
        groups.append([node])
      }
    }
    return groups
  }

  // MARK: Sentences

  private func lines(for nodes: [FleetNode]) -> [String] {
    guard let node = nodes.first else { return [] }
    let finding = node.finding
    let words = [finding?.id.rawValue, finding?.target].compactMap { $0 }.map { DisplayText.escaped($0) }
    let title =
      [
        style.paint(FleetAnswer.names(nodes.map(\.name)), .strong),
        style.paint(node.verdict.rawValue, node.verdict.tone),
      ] + words
    var lines = wrap(title.joined(separator: " "), indent: 2) + messages(of: nodes)
    if finding == nil, node.ageDoubt == nil { lines.append("  The report does not say why.") }
    if let more = node.otherFindings {
      lines += wrap("  \(CountText.of(more, "more finding")) as bad; its report says which.", indent: 2)
    }
    if let other = node.conflictsWith {
      lines += wrap(
        "  \(other.display) says something else of the same time; this is the worse of the two.", indent: 2)
    }
    if let source = node.integritySource { lines += wrap("  By \(source.display).", indent: 2) }
    if let since = node.integritySince {
      lines += wrap(
        "  Known since \(DisplayText.escaped(since)): no later 'headroom verify' found the image clean.", indent: 2)
    }
    if let age = age(of: nodes) { lines += wrap("  \(age)", indent: 2) }
    if node.incomplete == true, finding?.id != .auditIncomplete {
      lines.append("  The audit did not come to its end: there may be more.")
    }
    if let remedy = finding?.remedy { return lines + style.remedy(DisplayText.escapedLines(remedy), indent: "  ") }
    guard node.ageDoubt != nil || node.incomplete == true else { return lines }
    return lines + wrap("  Do: \(Self.again) on \(nodes.count == 1 ? "it" : "each") again.", indent: 6)
  }

  /// Once where all say the same; else with the nodes' names, for the worst of them.
  private func messages(of nodes: [FleetNode]) -> [String] {
    let texts = nodes.map { $0.finding?.message.map { DisplayText.escaped($0) } ?? "" }
    guard let first = texts.first, texts.contains(where: { $0 != first }) else {
      return texts.first.map { $0.isEmpty ? [] : wrap("  \($0)", indent: 2) } ?? []
    }
    let shown = zip(nodes, texts).prefix(Self.most.messages).flatMap { node, text in
      wrap("  \(DisplayText.escaped(node.name)): \(text)", indent: 4)
    }
    let left = nodes.count - Self.most.messages
    return left > 0 ? shown + ["  And \(left) more: --json has them all."] : shown
  }

  private func age(of nodes: [FleetNode]) -> String? {
    guard let doubt = nodes.first?.ageDoubt else { return nil }
    let now = ReportTime.seconds(report.generatedAt)
    let ages = nodes.map { node in now.flatMap { now in node.seconds.map { now - $0 } } ?? 0 }
    let subject = nodes.count == 1 ? "The report is" : "The reports are"
    switch doubt {
    case .old: return "\(subject) \(words(ages.min() ?? 0, ages.max() ?? 0)) old."
    case .ahead: return "\(subject) dated \(words(-(ages.max() ?? 0), -(ages.min() ?? 0))) ahead: a clock is wrong."
    case .undated: return "When the \(nodes.count == 1 ? "report was" : "reports were") made cannot be read."
    }
  }

  private func words(_ least: Int64, _ most: Int64) -> String {
    let (one, other) = (ReportTime.words(seconds: least), ReportTime.words(seconds: most))
    return one == other ? one : "\(one) to \(other)"
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
