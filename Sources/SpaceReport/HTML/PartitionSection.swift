import SpaceModel

/// The partitions as bars of what is used, could be given back, is free for root and is kept back by the filesystem.
struct PartitionSection {
  let report: Report

  private static let rowHeight = 44

  var html: HTML {
    guard !report.partitions.isEmpty else {
      return .section("partitions", "Partitions", [.p("No partition was found.")])
    }
    let shares = report.partitions.compactMap(PartitionShares.init)
    var content: [HTML] = []
    if !shares.isEmpty { content.append(.tag("figure", [:], [picture(shares), legend(shares)])) }
    let unknown = report.partitions.filter { PartitionShares($0) == nil }
    if !unknown.isEmpty {
      content.append(
        .tag(
          "p", ["class": "quiet"],
          [
            HTML(
              "Not pictured, because how full they are is unknown: \(unknown.map(\.name).joined(separator: ", "))."
            )
          ]
        ))
    }
    content.append(table)
    let leftovers = leftovers
    if !leftovers.isEmpty { content.append(leftovers.html) }
    return .section("partitions", "Partitions", content)
  }

  private func picture(_ shares: [PartitionShares]) -> HTML {
    var picture = Picture(
      id: "partitions-picture", title: "How full the partitions are",
      summary: shares.map { "\($0.name): \($0.words)" }.joined(separator: "; "),
      height: shares.count * Self.rowHeight)
    for (number, share) in shares.enumerated() {
      let y = number * Self.rowHeight
      picture.text(share.name, 0, y: y + 14, .start, "strong", limit: 22)
      picture.text(share.words, 1, y: y + 14, .end, "quiet wide", limit: 60)
      picture.text(share.freeWords, 1, y: y + 14, .end, "quiet narrow", limit: 26)
      let axis = Axis(from: .zero, to: share.capacity)
      var at = ByteCount.zero
      for (className, bytes) in [
        ("used", share.kept), ("waste", share.reclaimable), ("reserved", share.reserved), ("room", share.free),
      ] {
        picture.bar(axis.place(at), axis.place(at + bytes), y: y + 20, height: 18, className)
        at += bytes
      }
    }
    return picture.html
  }

  private func legend(_ shares: [PartitionShares]) -> HTML {
    var legend = Legend()
    legend.add("used", "used")
    if shares.contains(where: { $0.reclaimable > .zero }) {
      legend.add("waste", "used, and given back by digging holes into images")
    }
    if shares.contains(where: { $0.reserved > .zero }) { legend.add("reserved", "kept back by the filesystem") }
    legend.add("room", "free for root")
    return legend.html
  }

  private var table: HTML {
    var table = HTMLTable(
      "The partitions in figures", name: "Partitions",
      [
        .text("Partition"), .text("Device"), .text("Type"), .text("Where"), .figure("Size"), .figure("Used"),
        .figure("Reclaimable"), .figure("Free"), .figure("For root"),
      ])
    for partition in report.partitions {
      let used = partition.capacityBytes.flatMap { capacity in partition.freeBytes.map { capacity - $0 } }
      table.add([
        .name(partition.name), .name(partition.device.display),
        partition.filesystemType.map { HTML($0) } ?? .tag("span", ["class": "unknown"], ["unknown"]),
        place(partition), HTMLSize.html(partition.sizeBytes), HTMLSize.html(used),
        partition.images == nil ? "not searched" : reclaimable(partition), HTMLSize.html(partition.freeBytes),
        HTMLSize.html(partition.usableBytes),
      ])
    }
    return table.html
  }

  private func reclaimable(_ partition: Partition) -> HTML {
    if partition.images?.isEmpty ?? true { return "no images" }
    let isEstimate = partition.images?.contains { $0.reclaimableBasis == .estimate } ?? false
    return (isEstimate ? "~" : "") + HTMLSize.html(partition.totals?.reclaimableBytes)
  }

  private func place(_ partition: Partition) -> HTML {
    guard partition.state == .mounted, let first = partition.mountpoints.first else {
      return HTML(partition.state.rawValue)
    }
    let more = partition.mountpoints.count > 1 ? " and \(partition.mountpoints.count - 1) more" : ""
    return .name(first.display) + HTML(more + (partition.isMountedReadOnly == true ? ", read-only" : ""))
  }

  private var leftovers: HTMLTable {
    var table = HTMLTable(
      "Left by an upgrade that did not finish", name: "Leftovers",
      [.text("Path"), .text("Partition"), .figure("Allocated")])
    for partition in report.partitions {
      for leftover in partition.leftovers ?? [] {
        table.add([
          .name(leftover.path.display), .name(partition.name), HTMLSize.html(leftover.allocatedBytes),
        ])
      }
    }
    return table
  }
}

/// What a partition's space is taken by; adds up to its capacity.
struct PartitionShares {
  let name: String
  let capacity: ByteCount
  /// Used for good.
  let kept: ByteCount
  let reclaimable: ByteCount
  /// Free, and root cannot write it either.
  let reserved: ByteCount
  let free: ByteCount

  /// `nil` where the capacity or what is free of it is unknown.
  init?(_ partition: Partition) {
    guard let capacity = partition.capacityBytes, let free = partition.freeBytes, capacity > .zero else { return nil }
    name = partition.name
    self.capacity = capacity
    // Figures of a hostile filesystem need not fit each other.
    let allFree = max(.zero, min(free, capacity))
    let used = capacity - allFree
    reclaimable = max(.zero, min(used, partition.totals?.reclaimableBytes ?? .zero))
    kept = used - reclaimable
    self.free = max(.zero, min(allFree, partition.usableBytes ?? allFree))
    reserved = allFree - self.free
  }

  var freeWords: String { "\(free) of \(capacity) free" }

  var words: String {
    freeWords + (reclaimable > .zero ? ", \(reclaimable) reclaimable" : "")
  }
}
