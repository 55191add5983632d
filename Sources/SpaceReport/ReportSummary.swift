import SpaceModel

/// The answer in one line and in a short block, from the report alone: for gates, monitors and termination messages.
public struct ReportSummary: Sendable {
  /// Fit for a line of a terminal.
  let report: Report
  private let cause: DecidingCause

  public init(_ report: Report) {
    self.report = report.escaped
    cause = DecidingCause(self.report)
  }

  /// The node's name, else the name of the file its disk is in, else "this node"; control characters escaped.
  public var subject: String {
    if let name = report.host.nodeName, name.contains(where: { $0 != " " }) { return name }
    guard let disk = report.partitions.first(where: { !$0.device.hasPrefix("/dev/") }) else {
      // Where nothing was found the name that was asked for is all there is.
      let named = report.findings.first {
        ($0.id == .targetUnreadable || $0.id == .auditIncomplete) && $0.target.contains(where: { "/.".contains($0) })
      }
      let name = named?.target.split(separator: "/").last.map(String.init) ?? ""
      return name.isEmpty || !report.partitions.isEmpty ? "this node" : name
    }
    let name = disk.device.lastComponent.display
    guard let mark = name.lastIndex(of: "#"), mark > name.startIndex,
      name[mark...].dropFirst().allSatisfy({ $0.isASCII && $0.isNumber })
    else { return name.isEmpty ? "this node" : name }
    return String(name[..<mark])
  }

  /// What decides, or why it is fine, as one line of plain text without the subject and without a full stop.
  public var statement: String {
    let ignored = Set(report.findings.filter { $0.ignored == true }.map(\.id.rawValue)).sorted()
    return words + (ignored.isEmpty ? "" : " (ignored: \(ignored.joined(separator: ", ")))")
  }

  /// What to do first: for the state the node is in, then about what decides, then about anything else that is wrong;
  /// commands, a line each, or a sentence.
  var remedy: String? {
    if report.verdict == .ok { return nil }
    let wrong = report.findings.filter { $0.ignored != true && $0.severity > .info && $0.remedy != nil }
    let state = wrong.first { [.upgradeRunning, .rebootPending, .bootedFromPassive].contains($0.id) }
    return (state ?? cause.finding(in: report))?.remedy ?? wrong.first?.remedy
  }

  private var words: String {
    switch cause {
    case .projection(let projection): ProjectionStatement(projection, in: report).words
    case .fits(let projection): ProjectionStatement(projection, in: report).words
    case .finding(let finding): Self.words(finding)
    case .nothingWrong: nothingWrong
    case .notJudged: notJudged
    }
  }

  /// The same in as few words as it takes, the most important ones first.
  var brief: String {
    let ignored = report.findings.contains { $0.ignored == true } ? ", some findings ignored" : ""
    return briefWords + ignored
  }

  private var briefWords: String {
    switch cause {
    case .projection(let projection), .fits(let projection): ProjectionStatement(projection, in: report).brief
    case .finding(let finding): "\(finding.id.rawValue) \(finding.target): \(Self.firstSentence(finding.message))"
    case .nothingWrong: nothingWrong
    case .notJudged: notJudged
    }
  }

  /// `quo: CRITICAL: …`
  public func line() -> String { "\(subject): \(report.verdict.rawValue.uppercased()): \(statement)" }

  /// The line, then what to do, the other findings, worst first, and what could not be seen; each line is ended.
  ///
  /// What does not fit is left out from the end. Commands stand in it whole or not at all: a path that was cut is another
  /// path.
  ///
  /// - Parameter limit: Bytes of UTF-8 at most; kubelet takes 4096 of a termination message.
  public func block(limit: Int) -> String {
    var block = TextBlock(limit: limit)
    block.add(line())
    let decided = cause.finding(in: report)
    if let remedy {
      let lines = remedy.split(separator: "\n").map(String.init)
      block.add(
        whole: lines.count == 1 ? ["Do: \(remedy)"] : ["Do:"] + lines.map { "  \($0)" },
        or: "Do: see 'headroom plan' on the node; it is too long for here.")
    }
    for finding in others(than: decided) {
      block.add(
        "\(finding.severity.rawValue) \(finding.id.rawValue) \(finding.target): \(finding.message)"
          + (finding.ignored == true ? " (ignored)" : ""))
    }
    for limit in report.limits { block.add("not seen: \(limit.message)") }
    return block.text
  }

  // MARK: Words

  /// What a finding says, with what it says it of, without a full stop.
  static func words(_ finding: Finding) -> String {
    let sentence = firstSentence(finding.message)
    return finding.message.contains("'\(finding.target)'") ? sentence : "\(finding.target): \(sentence)"
  }

  private static func firstSentence(_ text: String) -> String {
    var rest = text[...]
    while let stop = rest.firstIndex(of: ".") {
      let after = text[stop...].dropFirst()
      if after.isEmpty { return String(text[..<stop]) }
      if after.first == " ", after.dropFirst().first?.isUppercase == true { return String(text[..<stop]) }
      rest = after
    }
    return text
  }

  private var nothingWrong: String {
    let images = report.partitions.flatMap { $0.images ?? [] }.filter { $0.hardLinkOf == nil }
    guard report.tool.command == .verify else {
      let what = report.findings.contains { $0.ignored == true } ? "nothing that counts" : "nothing"
      return "\(CountText.of(images.count, "image")) measured, \(what) is wrong"
    }
    return "\(CountText.of(images.count { $0.integrity != nil }, "image")) verified, nothing is lost"
  }

  private var notJudged: String {
    if report.tool.command == .verify { return "no image was verified" }
    return report.limits.first.map { "not everything was seen: \(Self.firstSentence($0.message))" }
      ?? "there was nothing to judge"
  }

  private func others(than decided: Finding?) -> [Finding] {
    var all = report.findings
    if let decided, let place = all.firstIndex(of: decided) { all.remove(at: place) }
    return all.enumerated().sorted { left, right in
      let (first, second) = (Self.rank(left.element), Self.rank(right.element))
      return first != second ? first > second : left.offset < right.offset
    }.map(\.element)
  }

  private static func rank(_ finding: Finding) -> Int {
    if finding.ignored == true { return -1 }
    switch finding.severity {
    case .critical: return 3
    case .warning, .info: return finding.meansUnknown ? 2 : finding.severity == .warning ? 1 : 0
    }
  }
}

/// Lines gathered until so many bytes are full.
private struct TextBlock {
  let limit: Int
  private(set) var text = ""
  private var isFull = false

  init(limit: Int) { self.limit = limit }

  private var room: Int { limit - text.utf8.count }

  mutating func add(_ line: String) {
    guard !isFull, room > 1 else { return }
    isFull = line.utf8.count >= room
    // A few bytes of a line say nothing, but the first one is all there is.
    guard !isFull || room >= 40 || text.isEmpty else { return }
    text += ShortText.cut(line, to: room - 1) + "\n"
  }

  /// All of the lines, or one in their place.
  mutating func add(whole lines: [String], or substitute: String) {
    let all = lines.joined(separator: "\n")
    add(all.utf8.count < room ? all : substitute)
  }
}
