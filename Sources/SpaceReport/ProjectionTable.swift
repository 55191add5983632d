import SpaceModel

/// A projection as a person reads it: what is assumed, the steps with a running bar, and what would help.
struct ProjectionTable {
  let projection: Projection
  let style: TextStyle
  /// What follows from it is said here; else the findings say it.
  var saysWhy = true

  func lines() -> [String] {
    var lines = wrap(heading, indent: 2)
    if saysWhy { lines += wrap("  " + projection.reason, indent: 2) }
    if let basis {
      lines += wrap("  \(projection.basis?.kind == .rule ? "By" : "New system:") " + basis, indent: 4)
    }
    if let byHand = ProjectionText.byHand(projection) { lines += wrap("  " + byHand, indent: 4) }
    lines += [""] + steps()
    if !projection.whatIfs.isEmpty { lines += [""] + whatIfs() }
    return lines
  }

  private var heading: String {
    let optional = projection.isOptional == true ? "; done on request only" : ""
    return style.paint("UPGRADE ON \(DisplayText.escaped(projection.filesystemLabel))", .strong)
      + ": \(projection.upgrade), \(projection.model); profile \(projection.profile), \(projection.profileSource)\(optional)"
  }

  /// How large the new system is taken to be, and by what.
  var basis: String? {
    guard let basis = projection.basis else { return nil }
    var parts: [String] = []
    if let tree = basis.treeBytes { parts.append("tree \(range(basis.leastTreeBytes, tree))") }
    if let image = basis.imageBytes {
      let nominal = basis.nominalImageBytes.map { " (apparent \(style.size($0)))" } ?? ""
      parts.append("image \(range(basis.leastImageBytes, image))\(nominal)")
    }
    return (parts.isEmpty ? "" : parts.joined(separator: ", ") + "; ") + ProjectionText.basis(projection) + "."
  }

  private func range(_ least: ByteCount?, _ most: ByteCount) -> String {
    guard let least, least != most else { return style.size(most) }
    return "\(style.size(least)) to \(style.size(most))"
  }

  // MARK: Steps

  private func steps() -> [String] {
    let all = projection.stepsFromNow
    guard let start = all.first else { return [] }
    let isWide = style.width >= 100
    let saysSource = style.width >= 140
    func rows(barWidth: Int) -> [String] {
      // Used and left are two sides of one figure; on a narrow terminal the bar says more.
      var table = TextTable(
        [.left, .right] + (isWide ? [.right] : []) + [.right] + (saysSource ? [.left] : []) + [.left])
      table.add(
        ["STEP", "CHANGE"] + (isWide ? ["USED"] : []) + ["LEFT"] + (saysSource ? ["FROM"] : []) + [""])
      for (number, step) in all.enumerated() {
        let isPeak = number > 0 && step.name == projection.peakStep
        let bar = bar(step, limit: start.usedBytes + start.freeBytes, width: barWidth) + (isPeak ? peakMark : "")
        table.add(
          [step.name, number == 0 ? "" : change(step)] + (isWide ? [style.size(step.usedBytes)] : [])
            + [style.size(step.freeBytes)] + (saysSource ? [step.source ?? ""] : []) + [bar])
      }
      return table.lines(indent: 2)
    }
    let room = style.width - (rows(barWidth: 0).map(\.count).max() ?? 0) - 2
    let lines = rows(barWidth: max(0, min(40, room)))
    guard !saysSource else { return lines }
    // Why a step changes nothing is not left to be guessed.
    return zip(lines, [nil, nil] + projection.steps.map { Optional($0) }).flatMap { line, step -> [String] in
      guard let step, step.changeBytes == .zero, let source = step.source else { return [line] }
      return [line] + wrap("    \(source)", indent: 4)
    }
  }

  private var peakMark: String { style.unicode ? " ◀ peak" : " < peak" }

  private func change(_ step: Projection.Step) -> String { Self.words(change: step.changeBytes, style: style) }

  /// `+2.10 GiB`; what gives back has its minus.
  static func words(change: ByteCount, style: TextStyle = TextStyle()) -> String {
    if change == .zero { return "0 B" }
    return change > .zero ? "+" + style.size(change) : style.size(change)
  }

  /// Used bytes against what can be used; what goes beyond is marked.
  private func bar(_ step: Projection.Step, limit: ByteCount, width: Int) -> String {
    guard width >= 10, limit > .zero else { return "" }
    let most = max(limit, projection.steps.map(\.usedBytes).max() ?? limit)
    func columns(_ bytes: ByteCount, _ rule: FloatingPointRoundingRule) -> Int {
      let part = Double(max(.zero, bytes).bytes) / Double(max(1, most.bytes))
      return Int((min(1, part) * Double(width)).rounded(rule))
    }
    let limitColumn = min(width - 1, columns(limit, .down))
    let usedColumns = columns(step.usedBytes, .up)
    return String(
      (0..<width).map { column -> Character in
        if step.usedBytes > limit, column >= limitColumn, column < usedColumns { return style.unicode ? "▓" : "!" }
        if column == limitColumn { return style.unicode ? "│" : "|" }
        if column < usedColumns { return style.unicode ? "█" : "#" }
        return column < limitColumn ? (style.unicode ? "·" : ".") : " "
      })
  }

  // MARK: What if

  private func whatIfs() -> [String] {
    var table = TextTable([.left, .right, .right, .left])
    table.add(["WHAT IF", "FREES", "THEN", "OUTCOME"])
    for whatIf in projection.whatIfs {
      table.add([
        Self.words(whatIf.id), style.size(whatIf.freesBytes), whatIf.headroomBytes.map(style.balance) ?? "-",
        whatIf.outcome.words,
      ])
    }
    let rows = table.lines(indent: 2)
    return zip(rows, [nil] + projection.whatIfs.map(\.risk)).flatMap { row, risk in
      [row] + (risk.map { wrap("    \($0)", indent: 4) } ?? [])
    }
  }

  /// A what-if's id as a person says it.
  static func words(_ id: String) -> String {
    switch id {
    case "remove-leftovers": "remove leftovers"
    case "remove-passive": "remove passive.img"
    default: id.hasPrefix("dig-holes:") ? "dig holes into " + id.dropFirst("dig-holes:".count) : id
    }
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}

extension Projection {
  /// The steps, and before them how it is now; empty where there are no steps.
  var stepsFromNow: [Step] {
    guard let first = steps.first else { return [] }
    let start = Step(
      name: "now", changeBytes: .zero, usedBytes: first.usedBytes - first.changeBytes,
      freeBytes: first.freeBytes + first.changeBytes, source: nil)
    return [start] + steps
  }
}

extension Projection.Outcome {
  /// As a table has it.
  var words: String {
    switch self {
    case .fits: "fits"
    case .tight: "fits, tight"
    case .silentCorruption: "silent corruption"
    case .loudFailure: "fails"
    case .unknown: "unknown"
    }
  }
}
