import SpaceModel

/// Every image: how much it takes, its hole map, and its figures.
struct ImageSection {
  let report: Report
  /// For the words that text has too.
  private let style = TextStyle()

  var html: HTML {
    let places = report.partitions.enumerated().filter { !($0.element.images ?? []).isEmpty }
    guard !places.isEmpty else {
      let isSearched = report.partitions.contains { $0.images != nil }
      return .section(
        "images", "Images",
        [.p(isSearched ? "There is no image on the partitions." : "No partition was searched for images.")])
    }
    let all = places.flatMap { $0.element.images ?? [] }
    let isDamaged = all.contains { $0.integrity?.state == .damaged }
    return .section(
      "images", "Images",
      [
        .p(
          "Each map runs from the image's start to its end, like text. What an image takes is its cells that are no holes."
        ),
        HoleMapPicture.legend(of: all),
        isDamaged
          ? .p(
            HTML(
              "Marked is what the image itself shows to be lost. Files found damaged by comparing them with another copy "
                + "have no place on a map, so less may be marked than is lost.")) : .none,
      ] + places.map { images(of: $0.element, $0.offset) })
  }

  private func images(of partition: Partition, _ place: Int) -> HTML {
    let images = partition.images ?? []
    var totals = HTML.none
    if let sums = partition.totals, images.count > 1 {
      let isEstimate = images.contains { $0.reclaimableBasis == .estimate }
      totals = .tag(
        "p", ["class": "quiet"],
        [
          HTML(
            "\(images.count) images, \(sums.allocatedBytes) allocated in all, \(isEstimate ? "~" : "")"
              + "\(HTMLSize.text(sums.reclaimableBytes)) reclaimable; what they share counts once.")
        ])
    }
    return .tag("h3", [:], ["On ", .name(partition.name)]) + totals
      + .tag(
        "div", ["class": "cards"],
        images.enumerated().map { card($0.element, on: partition, id: "map-\(place + 1)-\($0.offset + 1)") })
  }

  private func card(_ image: ImageUsage, on partition: Partition, id: String) -> HTML {
    var head: [HTML] = [.name(image.path.display), " ", .badge(image.role.rawValue)]
    if let inUse = image.inUse { head += [" ", .badge("\(inUse.by)\(inUse.writable ? ", writable" : "")", .strong)] }
    if image.sparse == false, image.apparentBytes > .zero { head += [" ", .badge("no holes", .notice)] }
    if let integrity = image.integrity { head += [" ", .badge(integrity.state.rawValue, integrity.state.tone)] }
    var content: [HTML] = [.tag("h4", [:], head)]
    if let original = image.hardLinkOf {
      content.append(.p("The same file as ", .name(original.display), ": it takes nothing more."))
      return .tag("article", ["class": "card"], content) + .lineEnd
    }
    content.append(
      .p(
        .tag("strong", [:], [HTML("\(image.allocatedBytes) allocated")]), HTML(" of \(image.apparentBytes); "),
        reclaimable(image), HTML((image.os?.prettyName ?? image.os?.version).map { ". Holds \($0)." } ?? ".")))
    if let map = image.map, !map.cells.isEmpty {
      content.append(HoleMapPicture(image: image, map: map, id: id).html)
    } else {
      content.append(.tag("p", ["class": "quiet"], ["Where its data lies is unknown."]))
    }
    content.append(.details("Figures", figures(image, on: partition)))
    return .tag("article", ["class": "card"], content) + .lineEnd
  }

  private func reclaimable(_ image: ImageUsage) -> HTML {
    guard let bytes = image.reclaimableBytes else { return "what digging holes gives back is unknown" }
    return bytes > .zero ? HTML("digging holes gives back \(style.reclaimable(image))") : "it wastes nothing"
  }

  private func figures(_ image: ImageUsage, on partition: Partition) -> HTML {
    var table = HTMLTable(
      "Figures of " + .name(image.path.display), name: "Figures of \(partition.target(of: image))",
      [.text("What"), .figure("Size")])
    for (name, bytes) in [
      ("apparent", image.apparentBytes), ("allocated", image.allocatedBytes), ("data", image.dataBytes),
      ("zeros written out (part of data)", image.zeroBytes), ("hole", image.holeBytes),
      ("allocated, never written", image.unwrittenBytes), ("behind the end", image.pastEofBytes),
      ("the map itself", image.metadataBytes), ("shared with another file", image.sharedBytes),
    ] as [(String, ByteCount?)] {
      table.add([HTML(name), HTMLSize.html(bytes)])
    }
    table.add(["reclaimable", HTML(image.reclaimableBytes == nil ? "unknown" : style.reclaimable(image))])
    for reason in image.reclaimableReasons ?? [] { table.add(["at least, because", HTML(reason.explanation)]) }
    if let extents = image.extentCount { table.add(["extents", HTML(String(extents))]) }
    if let fragments = image.fragmentCount { table.add(["fragments", HTML(String(fragments))]) }
    if let inner = image.inner {
      table.add([HTML("inside: \(inner.filesystemType)"), HTMLSize.html(inner.capacityBytes)])
      table.add(["inside: used", HTMLSize.html(inner.usedBytes)])
      table.add(["inside: free", HTMLSize.html(inner.freeBytes)])
      table.add(["allocated, and free inside", HTMLSize.html(inner.staleBytes)])
    }
    return table.html
  }
}
