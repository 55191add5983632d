import SpaceModel

/// Verify's answer for all images together, the worst of them named.
struct IntegrityAnswer {
  /// `nil` where something that was not looked into is worse than what was.
  let headline: Headline?

  init(_ report: Report) {
    let checked = report.checkedImages
    let order: [Integrity.State] = [.damaged, .unknown, .suspect, .clean]
    guard let state = order.first(where: { state in checked.contains { $0.integrity.state == state } }),
      let worst = checked.first(where: { $0.integrity.state == state })
    else {
      headline =
        report.verdict > .unknown
        ? nil : Headline("NOTHING VERIFIED", .notice, ": no image that holds an ext filesystem was found.")
      return
    }
    guard state != .clean || report.verdict <= .warning else {
      headline = nil
      return
    }
    let count = checked.count { $0.integrity.state == state }
    let those =
      checked.count == 1
      ? "THE IMAGE IS" : count == 1 ? "1 OF \(checked.count) IMAGES IS" : "\(count) OF \(checked.count) IMAGES ARE"
    let why = ": \(worst.target): \(worst.integrity.reason)"
    switch state {
    case .damaged: headline = Headline("\(those) DAMAGED", .bad, why)
    case .unknown: headline = Headline("\(those) OF UNKNOWN INTEGRITY", .notice, why)
    case .suspect: headline = Headline("\(those) SUSPECT", .notice, why)
    case .clean:
      headline = Headline(
        checked.count == 1 ? "THE IMAGE IS WHOLE" : "ALL \(checked.count) IMAGES ARE WHOLE", .good,
        ": as far as was checked, nothing that was written is missing.")
    }
  }
}

/// An image that was looked into.
struct CheckedImage {
  /// What findings call it.
  let target: String
  let integrity: Integrity
}

extension Report {
  /// Each once, however many hard links it has.
  var checkedImages: [CheckedImage] {
    partitions.flatMap { partition in
      (partition.images ?? []).filter { $0.hardLinkOf == nil }.compactMap { image in
        image.integrity.map { CheckedImage(target: partition.target(of: image), integrity: $0) }
      }
    }
  }
}
