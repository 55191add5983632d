import SpaceModel

/// A report for people: the answer and the one thing to do first, then the figures, then every finding.
public struct TextReport: Sendable {
  private let report: Report
  private let style: TextStyle

  public init(_ report: Report, style: TextStyle) {
    self.report = report
    self.style = style
  }

  public func render() -> String {
    var lines = opening()
    lines += partitionTable()
    for partition in report.partitions { lines += images(of: partition) }
    lines += findings()
    lines += limits()
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: The answer

  private var subject: String {
    report.host.nodeName.map { DisplayText.escaped($0) }
      ?? (report.host.architecture == nil ? "This disk" : "This node")
  }

  private func opening() -> [String] {
    let worst = report.findings.first {
      report.verdict == .unknown ? $0.meansUnknown : $0.severity > .info
    }
    let headline =
      switch report.verdict {
      case .ok: style.paint("OK", .good) + ": " + okSummary
      case .warning: style.paint("WARNING", .notice) + ": " + (wasteSummary ?? sentence(worst))
      case .critical: style.paint("CRITICAL", .bad) + ": " + sentence(worst)
      case .unknown: style.paint("UNKNOWN", .notice) + ": " + sentence(worst)
      }
    var lines = wrap("\(subject): \(headline)", indent: 4)
    for partition in report.partitions where partition.images != nil {
      guard let usable = partition.usableBytes else { continue }
      lines += wrap(
        "    \(partition.name) (\(partition.device.display)): \(style.size(usable)) of "
          + "\(style.size(partition.capacityBytes)) left for root.", indent: 6)
    }
    let toDo = report.verdict == .warning && !wasteful.isEmpty ? wasteful : worst.map { [$0] } ?? []
    let remedies = toDo.compactMap(\.remedy)
    // A few can be pasted one after the other; more are read below.
    for remedy in remedies.prefix(3) { lines += self.remedy(remedy, indent: "") }
    if remedies.count > 3 { lines.append("    and \(remedies.count - 3) more like these, below") }
    return lines
  }

  /// What a finding says, with what it says it of.
  private func sentence(_ finding: Finding?) -> String {
    guard let finding else { return "not everything could be read." }
    return finding.message.contains("'\(finding.target)'") ? finding.message : "\(finding.target): \(finding.message)"
  }

  private var okSummary: String {
    let count = report.partitions.reduce(0) { $0 + ($1.images?.count ?? 0) }
    guard count > 0 else { return "nothing is wasted; no images were found." }
    let hints: Set<Finding.ID> = [.imageNotSparse, .imageZeroData, .recoveryNotSparse]
    let spare = reclaimable(of: Set(report.findings.filter { hints.contains($0.id) }.map(\.target)))
    let unknown = report.partitions.flatMap { $0.images ?? [] }.filter { $0.reclaimableBytes == nil }.count
    if unknown > 0 {
      return
        "\(plural(count, "image")) measured; what \(unknown == count ? "it" : "\(unknown) of them") could give back "
        + "is not known, because no data was read."
    }
    guard spare > .zero else { return "\(plural(count, "image")) measured, none wastes space." }
    return "\(plural(count, "image")) measured; \(style.size(spare)) could be given back, nothing needs doing."
  }

  private var wasteful: [Finding] {
    report.findings.filter {
      $0.severity == .warning && [.imageNotSparse, .imageZeroData, .recoveryNotSparse].contains($0.id)
    }
  }

  /// `nil` where nothing wastes space, or something else is worse.
  private var wasteSummary: String? {
    guard !wasteful.isEmpty else { return nil }
    let total = reclaimable(of: Set(wasteful.map(\.target)))
    let verb = wasteful.count == 1 ? "wastes" : "waste"
    return "\(plural(wasteful.count, "image")) \(verb) space; digging holes gives back \(style.size(total))."
  }

  private func reclaimable(of targets: Set<String>) -> ByteCount {
    report.partitions.reduce(.zero) { sum, partition in
      (partition.images ?? []).filter { $0.hardLinkOf == nil && targets.contains(partition.target(of: $0)) }
        .reduce(sum) { $0 + ($1.reclaimableBytes ?? .zero) }
    }
  }

  private func plural(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }

  // MARK: Tables

  private func partitionTable() -> [String] {
    guard !report.partitions.isEmpty else { return [] }
    var table = TextTable([.left, .left, .left, .right, .right, .right, .left])
    table.add(["PARTITION", "DEVICE", "TYPE", "SIZE", "FREE", "FOR ROOT", "STATE"])
    for partition in report.partitions {
      table.add([
        partition.name, shortDevice(partition.device), partition.filesystemType ?? "-",
        style.size(partition.sizeBytes), style.size(partition.freeBytes), style.size(partition.usableBytes),
        state(partition),
      ])
    }
    return [""] + table.lines()
  }

  /// A partition of a disk image is enough named by its number: the path stands in the first lines.
  private func shortDevice(_ device: FilePath) -> String {
    let name = device.lastComponent.display
    let room = style.width < 100 ? 16 : 48
    if device.hasPrefix("/dev/") || name.count <= room { return name }
    return style.unicode ? "…" + name.suffix(room - 1) : ".." + name.suffix(room - 2)
  }

  private func state(_ partition: Partition) -> String {
    guard partition.state == .mounted, let first = partition.mountpoints.first else { return partition.state.rawValue }
    let more = partition.mountpoints.count > 1 ? " (+\(partition.mountpoints.count - 1))" : ""
    return first.display + more
  }

  private func images(of partition: Partition) -> [String] {
    guard let images = partition.images, !images.isEmpty else { return [] }
    func lines(barWidth: Int) -> [String] {
      var table = TextTable([.left, .left, .right, .right, .right, .left])
      table.add(["IMAGES ON \(partition.name)", "ROLE", "APPARENT", "ALLOCATED", "RECLAIMABLE", ""])
      for image in images {
        table.add([
          image.path.display, image.role.rawValue, style.size(image.apparentBytes), style.size(image.allocatedBytes),
          reclaimable(image), bar(image, width: barWidth),
        ])
      }
      return table.lines()
    }
    // The bar takes what figures and notes leave of the line; where that is too little, the notes go beneath.
    let notes = images.map(note)
    let room = style.width - (lines(barWidth: 0).map(\.count).max() ?? 0) - 2
    let besideNotes = room - (notes.map(\.count).max() ?? 0) - 2
    let width = besideNotes >= 8 ? min(32, besideNotes) : max(0, min(32, room))
    var lines = [""] + Self.withNotes(lines(barWidth: width), notes, width: style.width)
    if let totals = partition.totals, images.count > 1 {
      let isEstimate = images.contains { $0.reclaimableBasis == .estimate }
      lines.append(
        "on \(partition.name) in all \(style.size(totals.allocatedBytes)) allocated, "
          + "\(isEstimate ? "~" : "")\(style.size(totals.reclaimableBytes)) reclaimable")
    }
    return lines
  }

  /// The rows with their notes behind them; beneath them, where one row would be too wide for the terminal.
  private static func withNotes(_ rows: [String], _ notes: [String], width: Int) -> [String] {
    let widest = rows.map(\.count).max() ?? 0
    let fits = zip(rows.dropFirst(), notes).allSatisfy { $1.isEmpty || widest + 2 + $1.count <= width }
    var lines = Array(rows.prefix(1))
    for (row, note) in zip(rows.dropFirst(), notes) {
      let padding = String(repeating: " ", count: widest - row.count + 2)
      lines.append(note.isEmpty || !fits ? row : row + padding + note)
      if !note.isEmpty, !fits { lines.append("  " + note) }
    }
    return lines
  }

  private func reclaimable(_ image: ImageUsage) -> String {
    guard let bytes = image.reclaimableBytes else { return "-" }
    if image.reclaimableBasis == .estimate { return "~" + style.size(bytes) }
    return (image.reclaimableReasons == nil ? "" : style.unicode ? "≥" : ">=") + style.size(bytes)
  }

  /// The hole map squeezed into `width` columns.
  private func bar(_ image: ImageUsage, width: Int) -> String {
    guard width > 0, let cells = image.map?.cells, !cells.isEmpty else { return "" }
    let columns = min(width, cells.count)
    return String(
      (0..<columns).map { column in
        let start = column * cells.count / columns
        return style.glyph(cells[start..<max(start + 1, (column + 1) * cells.count / columns)].commonest)
      })
  }

  private func note(_ image: ImageUsage) -> String {
    var notes: [String] = []
    if image.sparse == false, image.apparentBytes.bytes > 0 { notes.append("no holes") }
    if let inUse = image.inUse { notes.append("\(inUse.by)\(inUse.writable ? " rw" : "")") }
    if style.width >= 120, let name = image.os?.prettyName { notes.append(DisplayText.escaped(name)) }
    return notes.joined(separator: ", ")
  }

  // MARK: Findings and limits

  private func findings() -> [String] {
    guard !report.findings.isEmpty else { return [] }
    var lines = [""]
    for finding in report.findings {
      let tone: TextStyle.Tone = finding.severity == .critical ? .bad : finding.severity == .warning ? .notice : .faint
      lines.append(
        style.paint(finding.severity.rawValue, tone) + " \(finding.id.rawValue) "
          + style.paint(finding.target, .strong))
      lines += wrap("  " + finding.message, indent: 2)
      if let remedy = finding.remedy { lines += self.remedy(remedy, indent: "  ") }
    }
    return lines
  }

  /// Commands stay whole, a line each: they are there to be pasted. A sentence is wrapped.
  private func remedy(_ text: String, indent: String) -> [String] {
    if text.hasSuffix(".") { return wrap("\(indent)Do: \(text)", indent: indent.count + 4) }
    let lines = text.split(separator: "\n").map(String.init)
    return lines.enumerated().map { number, line in
      indent + (number == 0 ? "Do: " : "    ") + style.paint(line, .strong)
    }
  }

  private func limits() -> [String] {
    guard !report.limits.isEmpty else { return [] }
    return ["", "Not seen:"] + report.limits.flatMap { wrap("  - " + $0.message, indent: 4) }
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}

/// Breaks text at spaces, but never between a number and its unit.
public enum TextWrap {
  private static let units: Set<Substring> = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "%"]

  /// - Parameter indent: Spaces before every line but the first.
  public static func wrap(_ text: String, width: Int, indent: Int) -> [String] {
    var lines: [String] = []
    let leading = text.prefix { $0 == " " }
    var line = String(leading)
    var isEmpty = true
    let words = text.split(separator: " ").reduce(into: [String]()) { words, word in
      if let last = words.last, units.contains(word.prefix { $0.isLetter || $0 == "%" }), last.last?.isNumber == true {
        words[words.count - 1] = last + " " + word
      } else {
        words.append(String(word))
      }
    }
    for word in words {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent)
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    lines.append(line)
    return lines
  }
}

extension Collection where Element == CellKind {
  /// The kind most cells have; an unreadable one always shows.
  var commonest: CellKind {
    if contains(.unreadable) { return .unreadable }
    var counts: [CellKind: Int] = [:]
    for kind in self { counts[kind, default: 0] += 1 }
    return CellKind.allCases.max { (counts[$0] ?? 0, $1.order) < (counts[$1] ?? 0, $0.order) } ?? .hole
  }
}

extension CellKind {
  fileprivate var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
