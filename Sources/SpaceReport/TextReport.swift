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

  private var subject: String { report.host.nodeName.map { DisplayText.escaped($0) } ?? "This disk" }

  private func opening() -> [String] {
    let worst = report.findings.first { $0.severity > .info }
    let headline =
      switch report.verdict {
      case .ok: style.paint("OK", .good) + ": " + okSummary
      case .warning: style.paint("WARNING", .notice) + ": " + warningSummary
      case .critical: style.paint("CRITICAL", .bad) + ": " + (worst?.message ?? "")
      case .unknown: style.paint("UNKNOWN", .notice) + ": " + (worst?.message ?? "not everything could be read.")
      }
    var lines = wrap("\(subject): \(headline)", indent: 4)
    for partition in report.partitions where partition.images != nil {
      guard let usable = partition.usableBytes else { continue }
      lines.append(
        "    \(partition.name) (\(partition.device.display)): \(style.size(usable)) of "
          + "\(style.size(partition.capacityBytes)) left for root.")
    }
    if let remedy = worst?.remedy { lines += ["Do: " + style.paint(remedy, .strong)] }
    return lines
  }

  private var okSummary: String {
    let count = report.partitions.reduce(0) { $0 + ($1.images?.count ?? 0) }
    guard count > 0 else { return "nothing is wasted; no images were found." }
    let hints: Set<Finding.ID> = [.imageNotSparse, .imageZeroData, .recoveryNotSparse]
    let spare = reclaimable(of: Set(report.findings.filter { hints.contains($0.id) }.map(\.target)))
    guard spare > .zero else { return "\(plural(count, "image")) measured, none wastes space." }
    return "\(plural(count, "image")) measured; \(style.size(spare)) could be given back, nothing needs doing."
  }

  private var warningSummary: String {
    let wasteful = report.findings.filter {
      $0.severity == .warning && ($0.id == .imageNotSparse || $0.id == .imageZeroData)
    }
    guard !wasteful.isEmpty else { return report.findings.first?.message ?? "" }
    let total = reclaimable(of: Set(wasteful.map(\.target)))
    let verb = wasteful.count == 1 ? "wastes" : "waste"
    return "\(plural(wasteful.count, "image")) \(verb) space; digging holes gives back \(style.size(total))."
  }

  private func reclaimable(of targets: Set<String>) -> ByteCount {
    report.partitions.reduce(.zero) { sum, partition in
      (partition.images ?? []).filter { targets.contains(partition.target(of: $0)) }
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
    let limit = 18
    if device.hasPrefix("/dev/") || name.count <= limit { return name }
    return style.unicode ? "…" + name.suffix(limit - 1) : "..." + name.suffix(limit - 3)
  }

  private func state(_ partition: Partition) -> String {
    guard partition.state == .mounted, let first = partition.mountpoints.first else { return partition.state.rawValue }
    let more = partition.mountpoints.count > 1 ? " (+\(partition.mountpoints.count - 1))" : ""
    return first.display + more
  }

  private func images(of partition: Partition) -> [String] {
    guard let images = partition.images, !images.isEmpty else { return [] }
    func lines(barWidth: Int) -> [String] {
      var table = TextTable([.left, .left, .right, .right, .right, .left, .left])
      table.add(["IMAGES ON \(partition.name)", "ROLE", "APPARENT", "ALLOCATED", "RECLAIMABLE", "", ""])
      for image in images {
        table.add([
          image.path.display, image.role.rawValue, style.size(image.apparentBytes), style.size(image.allocatedBytes),
          reclaimable(image), bar(image, width: barWidth), note(image),
        ])
      }
      return table.lines()
    }
    // The bar takes what the line has left.
    let room = style.width - (lines(barWidth: 0).map(\.count).max() ?? 0)
    var lines = [""] + lines(barWidth: room < 4 ? 0 : min(32, room))
    if let totals = partition.totals, images.count > 1 {
      lines.append(
        "in all \(style.size(totals.allocatedBytes)) allocated, \(style.size(totals.reclaimableBytes)) reclaimable")
    }
    return lines
  }

  private func reclaimable(_ image: ImageUsage) -> String {
    guard let bytes = image.reclaimableBytes else { return "-" }
    if image.reclaimableBasis == .estimate { return "~" + style.size(bytes) }
    return (image.reclaimableReasons == nil ? "" : "≥".filter { _ in style.unicode }) + style.size(bytes)
  }

  /// The hole map squeezed into `width` columns.
  private func bar(_ image: ImageUsage, width: Int) -> String {
    guard width > 0, let cells = image.map?.cells, !cells.isEmpty else { return "" }
    let columns = min(width, cells.count)
    return String(
      (0..<columns).map { column in
        let part = cells[
          column * cells.count / columns..<max(column * cells.count / columns + 1, (column + 1) * cells.count / columns)
        ]
        return style.glyph(part.commonest)
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
      // A command stays on one line: it is there to be pasted.
      if let remedy = finding.remedy { lines.append("  Do: \(remedy)") }
    }
    return lines
  }

  private func limits() -> [String] {
    guard !report.limits.isEmpty else { return [] }
    return ["", "Not seen:"] + report.limits.flatMap { wrap("  - " + $0.message, indent: 4) }
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}

/// Breaks text at spaces.
public enum TextWrap {
  /// - Parameter indent: Spaces before every line but the first.
  public static func wrap(_ text: String, width: Int, indent: Int) -> [String] {
    var lines: [String] = []
    let leading = text.prefix { $0 == " " }
    var line = String(leading)
    var isEmpty = true
    for word in text.split(separator: " ") {
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
