import SpaceModel

/// Puts node reports together, one after the other: the newest of each node counts.
///
/// A report takes no place of one that knows what it does not (``FleetGroup``). A report without a node's name is a node
/// of its own.
public struct FleetMerge: Sendable {
  /// A report from this far ahead is put down to clocks that are not quite the same.
  static let clockTolerance: Int64 = 86_400

  private enum Key: Hashable {
    case node(String)
    case file(FilePath)
  }

  private var groups: [Key: FleetGroup] = [:]
  private var unreadable: [FleetReport.Unreadable] = []
  private var counts = FleetReport.Counts()
  private var known: Set<String> = []

  public init() {}

  /// What a file turned out to be.
  public enum Outcome: Sendable {
    case report(FleetNode)
    case unreadable(FleetReport.Unreadable)
    /// Some other document.
    case skipped
    /// The name of a node that should have a report, by the support bundle it is part of.
    case node(String)
  }

  public mutating func add(_ outcome: Outcome) {
    switch outcome {
    case .report(let node): add(node)
    case .unreadable(let report): unreadable.append(report)
    case .skipped: counts.skipped += 1
    case .node(let name): known.insert(name)
    }
  }

  private mutating func add(_ node: FleetNode) {
    counts.reports += 1
    let key = node.nodeName.map(Key.node) ?? .file(node.source)
    let slot = FleetGroup.slot(of: node)
    var group = groups.removeValue(forKey: key) ?? FleetGroup()
    group.evidence.add(node)
    group[keyPath: slot] = newest(of: group[keyPath: slot], and: node)
    groups[key] = group
  }

  private mutating func newest(of kept: FleetNode?, and other: FleetNode) -> FleetNode {
    guard let kept else { return other }
    let times = (kept: kept.seconds ?? .min, other: other.seconds ?? .min)
    if times.kept != times.other {
      counts.superseded += 1
      var winner = times.kept > times.other ? kept : other
      winner.superseded = (kept.superseded ?? 0) + (other.superseded ?? 0) + 1
      return winner
    }
    if kept.says(theSameAs: other) {
      counts.repeated += 1
      return kept
    }
    var (winner, loser) = other.isWorse(than: kept) ? (other, kept) : (kept, other)
    winner.superseded = kept.superseded
    winner.conflictsWith = loser.source
    return winner
  }

  /// The cluster's report.
  ///
  /// - Parameters:
  ///   - expected: Names of nodes that should have a report.
  ///   - now: Seconds since 1970, which `generatedAt` says in words.
  ///   - maxAge: In seconds.
  public func report(
    expected: [String] = [], now: Int64, maxAge: Int64, generatedAt: String, tool: Report.Tool
  ) -> FleetReport {
    var merge = self
    let nodes = groups.values.compactMap { group in group.joined { merge.newest(of: $0, and: $1) } }
      .map { Self.aged($0, now: now, maxAge: maxAge) }.sorted()
    let missing = known.union(expected).filter { groups[.node($0)] == nil }.sorted(by: FleetNode.nameOrder)
    var counts = merge.counts
    for node in nodes { counts[keyPath: Self.count(of: node.verdict)] += 1 }
    counts.nodes = nodes.count + missing.count
    counts.unknown += missing.count
    counts.missing = missing.count
    counts.old = nodes.count { $0.ageDoubt != nil }
    counts.conflicting = nodes.count { $0.conflictsWith != nil }
    counts.unreadable = unreadable.count
    let isWhole = !nodes.isEmpty && missing.isEmpty && unreadable.isEmpty
    var report = FleetReport(
      generatedAt: generatedAt, tool: tool,
      verdict: max(nodes.map(\.verdict).max() ?? .unknown, isWhole ? .ok : .unknown), summary: "",
      maxAgeSeconds: maxAge,
      counts: counts, nodes: nodes, missing: missing, unreadable: unreadable.sorted(), topShortfalls: [])
    report.topShortfalls = Self.shortfalls(nodes)
    report.summary = FleetAnswer(report).text
    return report
  }

  private static func aged(_ node: FleetNode, now: Int64, maxAge: Int64) -> FleetNode {
    var aged = node
    if let seconds = node.seconds {
      if now - seconds > maxAge {
        aged.ageDoubt = .old
      } else if seconds - now > clockTolerance {
        aged.ageDoubt = .ahead
      }
    } else {
      aged.ageDoubt = .undated
    }
    // What was bad is not taken for better; what was good may not be so any more.
    if aged.ageDoubt != nil, node.verdict < .unknown {
      aged.reportedVerdict = node.verdict
      aged.verdict = .unknown
    }
    return aged
  }

  private static func count(of verdict: Verdict) -> WritableKeyPath<FleetReport.Counts, Int> {
    switch verdict {
    case .ok: \.ok
    case .warning: \.warning
    case .critical: \.critical
    case .unknown: \.unknown
    }
  }

  private static func shortfalls(_ nodes: [FleetNode]) -> [FleetReport.Shortfall] {
    let short = nodes.compactMap { node -> FleetReport.Shortfall? in
      guard let headroom = node.headroomBytes, headroom < .zero else { return nil }
      return FleetReport.Shortfall(name: node.name, shortBytes: .zero - headroom)
    }
    return Array(
      short.sorted { left, right in
        left.shortBytes == right.shortBytes
          ? FleetNode.nameOrder(left.name, right.name) : left.shortBytes > right.shortBytes
      }.prefix(10))
  }
}

extension FleetNode: Comparable {
  /// The worst first; among equals the one with the least headroom, then by name and file.
  public static func < (left: FleetNode, right: FleetNode) -> Bool {
    if left.verdict != right.verdict { return left.verdict > right.verdict }
    let most = ByteCount(.max)
    let headroom = (left.headroomBytes ?? most, right.headroomBytes ?? most)
    if headroom.0 != headroom.1 { return headroom.0 < headroom.1 }
    return left.name == right.name ? left.source < right.source : nameOrder(left.name, right.name)
  }

  /// By bytes, with runs of digits as numbers, so that node-10 comes behind node-9.
  static func nameOrder(_ left: String, _ right: String) -> Bool {
    var (one, other) = (Array(left.utf8)[...], Array(right.utf8)[...])
    func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    while let first = one.first, let second = other.first {
      if isDigit(first), isDigit(second) {
        let (run, otherRun) = (one.prefix(while: isDigit), other.prefix(while: isDigit))
        let (digits, otherDigits) = (run.drop { $0 == 0x30 }, otherRun.drop { $0 == 0x30 })
        if digits.count != otherDigits.count { return digits.count < otherDigits.count }
        if !digits.elementsEqual(otherDigits) { return digits.lexicographicallyPrecedes(otherDigits) }
        (one, other) = (one.dropFirst(run.count), other.dropFirst(otherRun.count))
      } else {
        if first != second { return first < second }
        (one, other) = (one.dropFirst(), other.dropFirst())
      }
    }
    if one.isEmpty != other.isEmpty { return one.isEmpty }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }

  /// Whether it makes no difference which of the two is kept.
  fileprivate func says(theSameAs other: FleetNode) -> Bool {
    var (one, two) = (self, other)
    for field in [\FleetNode.conflictsWith, \.integritySource] {
      one[keyPath: field] = nil
      two[keyPath: field] = nil
    }
    (one.superseded, two.superseded) = (nil, nil)
    two.source = one.source
    return one == two
  }

  fileprivate func isWorse(than other: FleetNode) -> Bool {
    if verdict != other.verdict { return verdict > other.verdict }
    return (headroomBytes ?? ByteCount(.max)) < (other.headroomBytes ?? ByteCount(.max))
  }
}
