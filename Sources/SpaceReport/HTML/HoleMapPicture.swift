import SpaceModel

/// An image's hole map as rows of cells, read like text, with what is lost of it marked.
struct HoleMapPicture {
  let image: ImageUsage
  let map: HoleMap
  /// Unlike all others on the page.
  let id: String

  static let columns = 64
  private static let rowHeight = 12

  var html: HTML {
    let rows = max(1, (map.cells.count + Self.columns - 1) / Self.columns)
    var shapes = CellKind.allCases.compactMap { kind -> HTML? in
      let path = path { $0 == kind }
      return path.isEmpty ? nil : .tag("path", ["class": "cell-\(kind.name)", "d": path])
    }
    let lost = lostCells
    if !lost.isEmpty {
      shapes.append(.tag("path", ["class": "cell-lost", "d": Self.path(of: lost.sorted())]))
    }
    return .tag(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "class": "map", "role": "img", "width": "100%",
        "height": "\(rows * Self.rowHeight)", "viewBox": "0 0 \(Self.columns) \(rows)",
        "preserveAspectRatio": "none", "aria-labelledby": "\(id)-title \(id)-summary",
      ],
      [
        .tag("title", ["id": "\(id)-title"], [HTML("Hole map of \(image.path.display)")]),
        .tag("desc", ["id": "\(id)-summary"], [HTML(summary(lost.count))]),
      ] + shapes)
  }

  private func summary(_ lost: Int) -> String {
    let counts = CellKind.allCases.compactMap { kind -> String? in
      let count = map.cells.count { $0 == kind }
      return count == 0 ? nil : "\(count) \(kind.words)"
    }
    let marked = lost == 0 ? "" : " In \(lost) of them something is lost."
    return "\(map.cells.count) cells of \(map.cellBytes), from the image's start to its end: "
      + counts.joined(separator: ", ") + "." + marked
  }

  /// Cells in which something is lost.
  private var lostCells: Set<Int> {
    guard map.cellBytes > .zero else { return [] }
    var cells: Set<Int> = []
    // A saved report may say more of them than there can be.
    let regions = (image.integrity?.lostRegions ?? []).prefix(Integrity.regionLimit)
    for region in regions where region.count == 2 && region[0] < region[1] {
      let first = max(0, region[0]) / map.cellBytes.bytes
      let last = min(Int64(map.cells.count) - 1, (region[1] - 1) / map.cellBytes.bytes)
      if first <= last { cells.formUnion(Int(first)...Int(last)) }
    }
    return cells
  }

  private func path(_ isWanted: (CellKind) -> Bool) -> String {
    Self.path(of: map.cells.indices.filter { isWanted(map.cells[$0]) })
  }

  /// Runs of cells, cut at the ends of rows; a little lower than the row, so that rows stay apart.
  private static func path(of cells: [Int]) -> String {
    var out = ""
    var index = 0
    while index < cells.count {
      let start = cells[index]
      let row = start / columns
      var length = 1
      while index + length < cells.count, cells[index + length] == start + length, (start + length) / columns == row {
        length += 1
      }
      out += "M\(start % columns) \(row)h\(length)v.86h-\(length)z"
      index += length
    }
    return out
  }

  /// What the cells of all these maps mean.
  static func legend(of images: [ImageUsage]) -> HTML {
    let kinds = Set(images.flatMap { $0.map?.cells ?? [] })
    var legend = Legend()
    for kind in CellKind.allCases where kinds.contains(kind) {
      let isRead = images.contains { $0.zeroBytes != nil }
      legend.add("cell-\(kind.name)", kind == .data && !isRead ? "data (not read)" : kind.words)
    }
    if images.contains(where: { !($0.integrity?.lostRegions ?? []).isEmpty }) {
      legend.add("cell-lost", "something in use was lost here")
    }
    return legend.html
  }
}

extension CellKind {
  fileprivate var name: String {
    switch self {
    case .data: "data"
    case .zero: "zero"
    case .unwritten: "unwritten"
    case .hole: "hole"
    case .mostlyHole: "mostly-hole"
    case .unreadable: "unreadable"
    }
  }

  fileprivate var words: String {
    switch self {
    case .data: "data"
    case .zero: "zeros written out"
    case .unwritten: "allocated, never written"
    case .hole: "hole"
    case .mostlyHole: "mostly hole"
    case .unreadable: "unreadable"
    }
  }
}
