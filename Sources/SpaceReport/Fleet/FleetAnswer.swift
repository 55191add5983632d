import SpaceModel

/// The answer for the cluster, in one or two sentences.
struct FleetAnswer {
  private let report: FleetReport

  init(_ report: FleetReport) { self.report = report }

  /// Names in it are escaped already.
  var text: String { ([lead] + rest).map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }.joined(separator: " ") }

  private var total: Int { report.counts.nodes }

  private var lead: String {
    let (nodes, counts) = (report.nodes, report.counts)
    guard total > 0 else { return "No node's report was found, so nothing can be said of an upgrade" }
    if counts.critical > 0 {
      let critical = nodes.filter { $0.verdict == .critical }
      let damaged = critical.count { $0.outcome == .silentCorruption }
      let names = Self.names(critical.map(\.name))
      if damaged == critical.count {
        return "\(of(damaged)) would not survive an upgrade now: \(names)"
      }
      let worse = damaged == 0 ? "" : " (\(damaged) would not survive it)"
      return "\(of(critical.count)) must not be upgraded now\(worse): \(names)"
    }
    if counts.unknown > 0 {
      let names = nodes.filter { $0.verdict == .unknown }.map(\.name) + report.missing
      return "It cannot be said of \(of(counts.unknown)) whether an upgrade is safe: \(Self.names(names))"
    }
    if let unreadable { return unreadable }
    guard counts.warning > 0 else { return fits }
    let names = Self.names(nodes.filter { $0.verdict == .warning }.map(\.name))
    return "\(of(counts.warning)) \(counts.warning == 1 ? "has" : "have") a warning: \(names); \(fits)"
  }

  /// What can be said where nothing is bad.
  private var fits: String {
    // Somebody may have chosen to ignore that it does not.
    let doubtful = report.nodes.filter { $0.outcome != .fits && $0.outcome != .tight }
    return doubtful.isEmpty
      ? "an upgrade fits on \(all)"
      : "nothing that counts stands against an upgrade, but that it fits was not shown on \(of(doubtful.count)): "
        + Self.names(doubtful.map(\.name))
  }

  private var unreadable: String? {
    let count = report.counts.unreadable
    return count > 0 ? "\(CountText.of(count, "report")) could not be read" : nil
  }

  /// What else keeps the cluster from being judged.
  private var rest: [String] {
    let counts = report.counts
    var sentences: [String] = []
    if counts.critical > 0, counts.unknown > 0 {
      sentences.append("of \(CountText.of(counts.unknown, "more node")) that cannot be said")
    }
    guard let unreadable, total > 0 else { return sentences }
    if counts.critical > 0 || counts.unknown > 0 { return sentences + [unreadable] }
    return sentences + ["by the others, \(fits)"]
  }

  private var all: String { total == 1 ? "the only node" : "all \(total) nodes" }
  private func of(_ count: Int) -> String { total == 1 ? "the only node" : "\(count) of \(total) nodes" }

  /// The first few, and how many more.
  static func names(_ names: [String], most: Int = 5) -> String {
    let shown = names.prefix(most).map { DisplayText.escaped($0) }.joined(separator: ", ")
    return names.count > most ? "\(shown) and \(names.count - most) more" : shown
  }
}
