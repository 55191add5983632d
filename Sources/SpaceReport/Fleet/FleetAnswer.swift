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
      return "Of \(of(counts.unknown)) it cannot be said whether an upgrade is safe: \(Self.names(names))"
    }
    // Somebody may have chosen to ignore that it does not.
    let doubtful = nodes.filter { $0.outcome != .fits && $0.outcome != .tight }
    let fits =
      doubtful.isEmpty
      ? "An upgrade fits on \(all)"
      : "Nothing that counts stands against an upgrade, but that it fits was not shown on \(of(doubtful.count)): "
        + Self.names(doubtful.map(\.name))
    guard counts.warning > 0 else { return fits }
    let names = Self.names(nodes.filter { $0.verdict == .warning }.map(\.name))
    return "\(fits); \(counts.warning) \(counts.warning == 1 ? "has" : "have") a warning: \(names)"
  }

  /// What else keeps the cluster from being judged.
  private var rest: [String] {
    let counts = report.counts
    var sentences: [String] = []
    if counts.critical > 0, counts.unknown > 0 { sentences.append("of \(counts.unknown) more that cannot be said") }
    if counts.unreadable > 0 {
      sentences.append("\(CountText.of(counts.unreadable, "report")) could not be read")
    }
    return sentences
  }

  private var all: String { total == 1 ? "the only node" : "all \(total) nodes" }
  private func of(_ count: Int) -> String { total == 1 ? "the only node" : "\(count) of \(total) nodes" }

  /// The first few, and how many more.
  static func names(_ names: [String], most: Int = 5) -> String {
    let shown = names.prefix(most).map { DisplayText.escaped($0) }.joined(separator: ", ")
    return names.count > most ? "\(shown) and \(names.count - most) more" : shown
  }
}
