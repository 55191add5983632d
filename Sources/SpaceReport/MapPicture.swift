import SpaceModel

/// An image drawn as rows of cells, with a legend of bytes and percent.
public struct MapPicture: Sendable {
  private let usage: ImageUsage
  private let cells: [CellKind]
  private let cellBytes: ByteCount
  private let style: TextStyle
  private let unreadable: ByteCount

  public init(_ usage: ImageUsage, cells: [CellKind], cellBytes: ByteCount, unreadable: ByteCount, style: TextStyle) {
    self.usage = usage
    self.cells = cells
    self.cellBytes = cellBytes
    self.unreadable = unreadable
    self.style = style
  }

  /// Offsets stand at the left of each row, so that a place can be read off.
  static let offsetWidth = 10

  /// How many cells fit a row, a multiple of 8.
  public static func columns(width: Int) -> Int { max(8, (width - offsetWidth - 1) / 8 * 8) }

  /// How many cells a picture has at most: a screen full.
  public static func cellLimit(width: Int) -> Int { columns(width: width) * 16 }

  public func render() -> String {
    var lines = TextWrap.wrap(headline, width: style.width, indent: 4)
    let columns = Self.columns(width: style.width)
    for row in stride(from: 0, to: cells.count, by: columns) {
      let offset = style.size(cellBytes.times(Int64(row)))
      let glyphs = cells[row..<min(row + columns, cells.count)].map(style.glyph)
      let margin = String(repeating: " ", count: max(0, Self.offsetWidth - offset.count))
      lines.append(margin + offset + " " + String(glyphs))
    }
    lines += legend()
    return lines.joined(separator: "\n") + "\n"
  }

  private var headline: String {
    var text = "\(usage.path.display): \(style.size(usage.apparentBytes)) apparent, "
    text += "\(style.size(usage.allocatedBytes)) allocated"
    if let extents = usage.extentCount { text += ", \(CountText.of(extents, "extent"))" }
    if let pieces = usage.fragmentCount { text += " in \(CountText.of(pieces, "fragment"))" }
    return text
  }

  private func legend() -> [String] {
    var table = TextTable([.left, .left, .right, .right])
    func row(_ glyph: String, _ name: String, _ bytes: ByteCount?, always: Bool = false) {
      guard let bytes, always || bytes.bytes > 0 else { return }
      table.add([glyph, name, style.size(bytes), ImageRules.percent(bytes, of: usage.apparentBytes)])
    }
    let zeros = usage.zeroBytes ?? .zero
    row(
      String(style.glyph(.data)), usage.zeroBytes == nil ? "data (not read)" : "data",
      usage.dataBytes.map { $0 - zeros - unreadable }, always: true)
    row(String(style.glyph(.zero)), "zeros written out", usage.zeroBytes)
    row(String(style.glyph(.unwritten)), "unwritten", usage.unwrittenBytes)
    row(String(style.glyph(.hole)), "hole", usage.holeBytes, always: true)
    if cells.contains(.mostlyHole) { table.add([String(style.glyph(.mostlyHole)), "mostly hole", "", ""]) }
    row(String(style.glyph(.unreadable)), "unreadable", unreadable)
    // These lie beside the classes, so a share of the whole says nothing.
    for (name, bytes) in [("behind the end", usage.pastEofBytes), ("shared", usage.sharedBytes)] {
      if let bytes, bytes > .zero { table.add(["", name, style.size(bytes), ""]) }
    }
    var lines = table.lines(indent: 2)
    if cells.count > 0 { lines.append("  one cell is \(style.size(cellBytes))") }
    if let reclaimable = usage.reclaimableBytes {
      let atLeast = usage.reclaimableReasons == nil ? "" : "at least "
      lines.append("  digging holes gives back \(atLeast)\(style.size(reclaimable))")
      for reason in usage.reclaimableReasons ?? [] { lines.append("    (\(reason.explanation))") }
    }
    if usage.mapSource != .fiemap && usage.mapSource != .filesystem {
      lines.append(
        usage.mapSource == .seek
          ? "  map by SEEK_HOLE: this filesystem tells no extents"
          : "  no map: this filesystem tells only how much is allocated")
    }
    return lines
  }
}

extension ReclaimableReason {
  /// Why more might be given back, or less than the zeros.
  public var explanation: String {
    switch self {
    case .shared: "zeros that another file or snapshot shares stay allocated"
    case .encoded: "zeros in compressed or encrypted extents are not counted"
    case .partOfLargerExtent: "btrfs keeps an extent until nothing refers to any part of it"
    case .extentsNotReadable: "btrfs extents can be read with CAP_SYS_ADMIN only, so nothing is promised"
    case .unitInferred: "the allocation unit is not known for certain; run as root for the exact figure"
    case .notWrittenBack: "zeros that are not written back yet are not counted"
    case .inline: "data kept inside the inode takes no blocks"
    case .notAllRead: "not all of it could be read"
    case .filesystemNotKnown: "what a punch frees on this filesystem is not known"
    }
  }
}
