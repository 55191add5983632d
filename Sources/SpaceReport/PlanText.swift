import SpaceModel

/// A plan for people: the answer, what to do, and each projection's steps.
public struct PlanText: Sendable {
  private let report: Report
  private let style: TextStyle

  public init(_ report: Report, style: TextStyle) {
    self.report = report.escaped
    self.style = style
  }

  public func render() -> String {
    let layout = ReportLayout(report: report, style: style)
    var lines = layout.opening()
    for projection in report.projections {
      lines += [""] + ProjectionTable(projection: projection, style: style).lines()
      let name = report.placeName(of: projection)
      let remedy = report.findings.first {
        ($0.id == .upgradeSpace || $0.id == .upgradeSpaceUnknown) && $0.target == name
      }?.remedy
      // The one to begin with stands at the top.
      if let remedy, remedy != ReportOpening(report: report, style: style).remedy {
        lines += [""] + layout.remedy(remedy, indent: "  ")
      }
    }
    lines += layout.findings { $0.id != .upgradeSpace && $0.id != .upgradeSpaceUnknown }
    lines += layout.limits()
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What was measured of a payload, where there is no node to plan for.
public struct PayloadText: Sendable {
  private let card: PayloadCard
  private let style: TextStyle

  public init(_ card: PayloadCard, style: TextStyle) {
    self.card = card
    self.style = style
  }

  public func render() -> String {
    let payload = card.payload
    let name = payload.system.osName ?? "It does not say which system it is"
    var lines = [
      "\(payload.source.path.display): \(DisplayText.escaped(name))"
        + (payload.system.architecture.map { ", \(DisplayText.escaped($0))" } ?? ""),
      "\(payload.census.inodes) inodes, \(style.size(payload.census.apparentBytes)) of files; profile \(card.profile)",
      "",
    ]
    var table = TextTable([.right, .right, .right, .right, .right])
    table.add(["BLOCK", "TREE", "IMAGE", "BOTH", "IMAGE APPARENT"])
    for size in card.sizes {
      table.add([
        style.size(size.blockBytes), style.size(size.treeBytes), style.size(size.imageBytes),
        style.size(size.treeBytes + (size.imageBytes ?? .zero)), style.size(size.nominalImageBytes),
      ])
    }
    lines += table.lines(indent: 2)
    return lines.joined(separator: "\n") + "\n"
  }
}
