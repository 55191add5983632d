import SpaceModel

/// The steps of an upgrade as bars of what is used after each, against the line where the usable space ends; and what
/// would be left, or short, if something was done first.
struct ProjectionChart {
  let projection: Projection
  /// Unlike all others on the page.
  let id: String

  private static let rowHeight = 42
  private static let barHeight = 16

  /// `nil` where there are no steps.
  var steps: HTML? {
    let all = projection.stepsFromNow
    guard let now = all.first else { return nil }
    let limit = now.usedBytes + now.freeBytes
    let most = all.map(\.usedBytes).max() ?? limit
    // The line stands in the picture, not on its edge.
    let axis = Axis(from: .zero, to: max(max(limit, most), .zero) + ByteCount(max(limit, most).bytes / 50))
    let top = 20
    let height = top + all.count * Self.rowHeight + 4
    var picture = Picture(
      id: id, title: "Steps of the upgrade on \(projection.filesystemLabel)", summary: summary(limit), height: height)
    let line = axis.place(limit)
    picture.text("usable space ends: \(limit)", line, y: 13, .end, "axis")
    for (number, step) in all.enumerated() {
      let y = top + number * Self.rowHeight
      let isPeak = number > 0 && step.name == projection.peakStep
      let isShort = step.freeBytes < .zero
      let mark = isPeak ? ": peak" : ""
      let left = isShort ? "\(ByteCount.zero - step.freeBytes) short" : "\(step.freeBytes) left"
      let tone = isShort ? "bad" : "quiet"
      let weight = isPeak ? "strong" : ""
      let change = number == 0 ? "" : "\(ProjectionTable.words(change: step.changeBytes)); "
      // Of wide and narrow only one is shown: a telephone has no room for all of it.
      picture.text(step.name, suffix: mark, 0, y: y + 14, .start, "\(weight) wide", limit: 48)
      picture.text(step.name, suffix: mark, 0, y: y + 14, .start, "\(weight) narrow", limit: 27)
      picture.text(change + left, 1, y: y + 14, .end, "\(tone) wide")
      picture.text(left, 1, y: y + 14, .end, "\(tone) narrow")
      let bar = y + 20
      picture.bar(0, line, y: bar, height: Self.barHeight, "room")
      let before = number == 0 ? step.usedBytes : min(step.usedBytes, all[number - 1].usedBytes)
      let used = axis.place(step.usedBytes)
      let kept = axis.place(before)
      picture.bar(0, min(line, kept), y: bar, height: Self.barHeight, "used")
      picture.bar(min(line, kept), min(line, used), y: bar, height: Self.barHeight, "added")
      picture.bar(line, used, y: bar, height: Self.barHeight, "short")
      picture.line(line, from: bar - 1, to: bar + Self.barHeight + 3, "limit")
    }
    return picture.html
  }

  /// What the picture is drawn with.
  var legend: HTML {
    var legend = Legend()
    legend.add("used", "used")
    legend.add("added", "added by the step")
    legend.add("room", "left for root")
    if projection.steps.contains(where: { $0.freeBytes < .zero }) { legend.add("short", "more than there is") }
    return legend.html
  }

  private func summary(_ limit: ByteCount) -> String {
    let peak = projection.peakStep.map { "The peak is at the step \($0)" } ?? "No step needs space"
    let used = projection.highWaterMarkBytes.map { ", with \($0) used of \(limit)" } ?? ""
    return "\(peak)\(used): \(HTMLSize.balance(projection.headroomBytes)). The table beneath has every step."
  }

  // MARK: What if

  /// What would be left at the peak, each what-if beneath how it is; `nil` where there is none.
  var whatIfs: HTML? {
    guard let asItIs = projection.headroomBytes, !projection.whatIfs.isEmpty else { return nil }
    var rows: [(name: String, headroom: ByteCount?)] = [("as it is", asItIs)]
    rows += projection.whatIfs.map { (ProjectionTable.words($0.id), $0.headroomBytes) }
    let known = rows.compactMap(\.headroom)
    let axis = Axis(from: min(.zero, known.min() ?? .zero), to: max(.zero, known.max() ?? .zero))
    let height = rows.count * Self.rowHeight + 4
    var picture = Picture(
      id: "\(id)-if", title: "What would be left at the peak on \(projection.filesystemLabel)",
      summary: rows.map { "\($0.name): \(HTMLSize.balance($0.headroom))" }.joined(separator: "; "), height: height)
    let zero = axis.place(.zero)
    for (number, row) in rows.enumerated() {
      let y = number * Self.rowHeight
      let isShort = row.headroom.map { $0 < .zero } ?? false
      picture.text(row.name, 0, y: y + 14, .start, number == 0 ? "strong" : "", limit: 30)
      picture.text(
        HTMLSize.balance(row.headroom), 1, y: y + 14, .end, isShort ? "bad" : row.headroom == nil ? "quiet" : "good")
      guard let headroom = row.headroom else { continue }
      let place = axis.place(headroom)
      picture.bar(min(zero, place), max(zero, place), y: y + 20, height: Self.barHeight, isShort ? "short" : "spare")
      picture.line(zero, from: y + 17, to: y + 23 + Self.barHeight, "limit")
    }
    return picture.html
  }
}
