import SpaceModel

/// Figures in the form of the Monitoring Plugins guidelines: `'label'=value[B];warn;crit;min;max`.
///
/// Each upgrade that decides is an item: what root can write with what the upgrade gives back first, critical below the
/// need, warning below the need with the margin. Other partitions whose free space is known follow without thresholds.
struct PerformanceData {
  let items: [String]

  init(_ report: Report) {
    var labels = LabelLedger()
    var items: [String] = []
    for projection in report.decidingProjections {
      let partition = report.partitions.first { $0.device == projection.device }
      let label = labels.take("\(report.placeName(of: projection))_\(projection.upgrade)")
      items.append(Self.item(label, projection, capacity: partition?.capacityBytes))
    }
    let projected = Set(report.decidingProjections.compactMap(\.device))
    for partition in report.partitions where !projected.contains(partition.device) {
      guard let usable = partition.usableBytes else { continue }
      let label = labels.take("\(partition.name)_usable")
      items.append("\(label)=\(usable.bytes)B;;;0;\(Self.most(partition.capacityBytes, over: usable))")
    }
    self.items = items
  }

  private static func item(_ label: String, _ projection: Projection, capacity: ByteCount?) -> String {
    // Between the ends of a range nothing can be said, so that is no critical either.
    let critical = projection.leastNeedBytes ?? projection.needBytes
    let warning = projection.needBytes.flatMap { need in projection.marginBytes.map { need + $0 } }
    func range(_ least: ByteCount?) -> String { least.map { "\($0.bytes):" } ?? "" }
    let thresholds = "\(range(warning));\(range(critical));0;"
    guard let usable = projection.usableBytes else {
      return "\(label)=U;\(thresholds)\(capacity.map { "\($0.bytes)" } ?? "")"
    }
    let value = usable + (projection.creditBytes ?? .zero)
    return "\(label)=\(value.bytes)B;\(thresholds)\(most(capacity, over: value))"
  }

  /// A maximum below the value would be drawn wrong.
  private static func most(_ capacity: ByteCount?, over value: ByteCount) -> String {
    capacity.map { $0 < value ? "" : "\($0.bytes)" } ?? ""
  }
}

/// Quoted labels, of which the first 19 characters are unique: round robin databases keep no more of a name.
private struct LabelLedger {
  private static let significant = 19
  private var taken: Set<String> = []

  mutating func take(_ wanted: String) -> String {
    let plain = Self.plain(wanted)
    var label = plain
    var number = 1
    while !taken.insert(String(label.prefix(Self.significant))).inserted {
      number += 1
      label = "\(number)_\(plain)"
    }
    return "'\(label)'"
  }

  /// At most 64 characters, `_` for each that a label, the text or a shell might take for more than a character.
  private static func plain(_ text: String) -> String {
    String(
      ShortText.ascii(text).prefix(64).map { character in
        character.isASCII && (character.isLetter || character.isNumber) || "_.:/#-".contains(character)
          ? character : "_"
      })
  }
}
