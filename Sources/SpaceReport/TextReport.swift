import SpaceModel

/// A report for people: the answer and the one thing to do first, then the figures, then every finding.
public struct TextReport: Sendable {
  private let report: Report
  private let style: TextStyle

  public init(_ report: Report, style: TextStyle) {
    self.report = report.escaped
    self.style = style
  }

  public func render() -> String {
    let layout = ReportLayout(report: report, style: style)
    var lines = layout.opening()
    lines += partitionTable()
    for partition in report.partitions { lines += images(of: partition) }
    for projection in report.projections {
      lines += [""] + ProjectionTable(projection: projection, style: style, saysWhy: false).lines()
    }
    lines += layout.findings()
    lines += layout.limits()
    return lines.joined(separator: "\n") + "\n"
  }

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
    let below = Array(zip(rows.dropFirst(), notes))
    let fits = below.allSatisfy { $1.isEmpty || widest + 2 + $1.count <= width }
    var lines = Array(rows.prefix(1))
    for (row, note) in below {
      let padding = String(repeating: " ", count: widest - row.count + 2)
      lines.append(note.isEmpty || !fits ? row : row + padding + note)
      if !note.isEmpty, !fits { lines.append("  " + note) }
    }
    return lines
  }

  private func reclaimable(_ image: ImageUsage) -> String { style.reclaimable(image) }

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
}

extension TextStyle {
  /// What an image would give back, and how sure that is: `~` an estimate, `≥` at least.
  package func reclaimable(_ image: ImageUsage) -> String {
    guard let bytes = image.reclaimableBytes else { return "-" }
    if image.reclaimableBasis == .estimate { return "~" + size(bytes) }
    return (image.reclaimableReasons == nil ? "" : atLeast) + size(bytes)
  }

  /// Zeros that were found; `≥` where not all was read.
  package func zeros(_ image: ImageUsage) -> String {
    guard let bytes = image.zeroBytes else { return "-" }
    return (image.reclaimableReasons?.contains(.notAllRead) == true ? atLeast : "") + size(bytes)
  }

  private var atLeast: String { unicode ? "≥" : ">=" }
}

extension Collection where Element == CellKind {
  /// The kind most cells have; an unreadable one always shows.
  var commonest: CellKind {
    if contains(.unreadable) { return .unreadable }
    let counted = CellKind.allCases.enumerated().map { order, kind in
      (kind: kind, count: self.count { $0 == kind }, order: order)
    }
    return counted.max { ($0.count, $1.order) < ($1.count, $0.order) }?.kind ?? .hole
  }
}
