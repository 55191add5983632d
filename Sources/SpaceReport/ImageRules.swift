import SpaceModel

/// Which findings the figures of an image and its partition amount to. Pure.
public struct ImageRules: Sendable {
  /// What an image must give back to be worth a warning; `nil`: 1 GiB or a tenth of the partition, the lesser.
  public var warnReclaimable: SizeThreshold?
  /// The product sizes its partition for dense images (Kairos), so they are no fault.
  public var denseImagesExpected = false
  /// While an upgrade runs nothing is a leftover and nothing is to be changed; `nil` where it cannot be known.
  public var isUpgradeRunning: Bool?
  /// What-ifs that change how an upgrade ends, by the device they are done on.
  public var decisive: [FilePath: Set<String>] = [:]
  /// Labels that several filesystems of the report carry: no command finds one of these by its label.
  public var ambiguousLabels: Set<String> = []
  /// The node's root as the audit was told to find it; `nil`: it is this machine's.
  public var sysroot: FilePath?

  public init(warnReclaimable: SizeThreshold? = nil, denseImagesExpected: Bool = false) {
    self.warnReclaimable = warnReclaimable
    self.denseImagesExpected = denseImagesExpected
  }

  public func findings(for partition: Partition) -> [Finding] {
    var findings = (partition.images ?? []).flatMap { image in self.findings(for: image, on: partition) }
    if isUpgradeRunning != true, let finding = leftoversFinding(partition) { findings.append(finding) }
    return findings
  }

  private func findings(for image: ImageUsage, on partition: Partition) -> [Finding] {
    let target = partition.target(of: image)
    var findings: [Finding] = []
    if let finding = reclaimFinding(image, partition, target) { findings.append(finding) }
    if let inUse = image.inUse, inUse.writable, let holes = image.holeBytes, let usable = partition.usableBytes,
      holes > usable
    {
      findings.append(
        Finding(
          .imageOvercommitted, .warning, target: target,
          message: "It is open for writing (\(inUse.by)), its holes could take \(holes), and \(partition.name) has "
            + "\(usable) left for root: writes inside it beyond that are lost, and no command says so.",
          remedy: isUpgradeRunning == true
            ? nil : "Free space on \(partition.name) before anything is written inside \(image.path.display)."))
    }
    return findings
  }

  private func reclaimFinding(_ image: ImageUsage, _ partition: Partition, _ target: String) -> Finding? {
    guard let reclaimable = image.reclaimableBytes, reclaimable > .zero, image.hardLinkOf == nil,
      reclaimable >= min(Self.worthMentioning(image), threshold(partition))
    else { return nil }
    let estimated = image.reclaimableBasis == .estimate ? " (estimated: no data was read)" : ""
    let about = image.reclaimableBasis == .estimate ? "about " : ""
    let dense = image.sparse == false
    let share = Self.percent(reclaimable, of: image.apparentBytes)
    let message =
      dense
      ? "It is written out in full, \(image.allocatedBytes) for \(image.apparentBytes), though \(about)\(share) of it "
        + "is empty: digging holes gives back \(about)\(reclaimable)\(estimated). It was copied without its holes; "
        + "headroom copy keeps them."
      : "It holds \(about)\(reclaimable) (\(share)) of zeros that are written out\(estimated); digging holes gives "
        + "that back."
    let id: Finding.ID = !dense ? .imageZeroData : image.role == .recovery ? .recoveryNotSparse : .imageNotSparse
    // A threshold that was given counts for every image; the usual one not where dense images are the product's way.
    let isExpected = warnReclaimable == nil && (id == .recoveryNotSparse || denseImagesExpected)
    let decides = decisive[partition.device]?.contains(Projection.WhatIf.digHoles(image.path)) ?? false
    let isWarning = decides || (!isExpected && reclaimable >= threshold(partition))
    return Finding(
      id, isWarning ? .warning : .info, target: target, message: message,
      remedy: remedy(partition) {
        Remedy.digHoles(in: image, on: partition, sysroot: sysroot)
      })
  }

  private func leftoversFinding(_ partition: Partition) -> Finding? {
    guard let leftovers = partition.leftovers, !leftovers.isEmpty else { return nil }
    let total = leftovers.reduce(ByteCount.zero) { $0 + $1.allocatedBytes }
    let names = leftovers.map { $0.path.display }.joined(separator: ", ")
    let stays = Leftovers.whatStays(on: partition)
    let removable = Leftovers.removable(on: partition)
    var message = isUpgradeRunning == nil ? "An upgrade that did not finish, or one that is running," : "An upgrade "
    if isUpgradeRunning != nil { message += "that did not finish" }
    message += " left \(names): \(total)."
    if let stays { message += " \(stays)" }
    let remedy: String?
    if removable.isEmpty {
      remedy = nil
    } else if isUpgradeRunning == nil {
      remedy = "Remove \(removable.count == 1 ? "it" : "them") when no upgrade is running."
    } else {
      remedy = self.remedy(partition) { Remedy.remove(removable, on: partition) }
    }
    let decides = decisive[partition.device]?.contains(Projection.WhatIf.removeLeftovers) ?? false
    return Finding(
      .upgradeLeftovers, decides ? .warning : .info, target: partition.name, message: message, remedy: remedy)
  }

  /// What can be done, where it can be said of this very partition and now.
  private func remedy(_ partition: Partition, _ commands: () -> String) -> String? {
    if isUpgradeRunning == true { return nil }
    if RemedyPlace(partition: partition, sysroot: nil).isElsewhere, let label = partition.filesystemLabel,
      ambiguousLabels.contains(label)
    {
      return "Find out which device the node has it on first: several filesystems carry this label."
    }
    return commands()
  }

  /// What-ifs after which an upgrade that is not on request only ends in another way.
  public static func decisive(_ projections: [Projection]) -> [FilePath: Set<String>] {
    var decisive: [FilePath: Set<String>] = [:]
    for projection in projections where projection.isOptional != true {
      guard let device = projection.device else { continue }
      for whatIf in projection.whatIfs
      where whatIf.outcome < projection.outcome {
        decisive[device, default: []].insert(whatIf.id)
      }
    }
    return decisive
  }

  /// Labels of more than one filesystem.
  public static func ambiguousLabels(_ partitions: [Partition]) -> Set<String> {
    let labels = partitions.compactMap(\.filesystemLabel)
    return Set(Dictionary(grouping: labels) { $0 }.filter { $0.value.count > 1 }.keys)
  }

  /// Below this nothing is wrong with an image: a full one holds unused inode tables and descriptor blocks (1.6 % of an
  /// ext2 of usual size, 6 % of a small one) and some zero blocks inside its files.
  private static func worthMentioning(_ image: ImageUsage) -> ByteCount {
    max(ByteCount(4096), min(.mebibytes(64), ByteCount(image.apparentBytes.bytes / 10)))
  }

  private func threshold(_ partition: Partition) -> ByteCount {
    let whole = partition.sizeBytes ?? partition.capacityBytes
    if let threshold = warnReclaimable?.bytes(of: whole) { return threshold }
    guard let size = whole else { return .gibibytes(1) }
    return min(.gibibytes(1), ByteCount(size.bytes / 10))
  }

  static func percent(_ part: ByteCount, of whole: ByteCount) -> String {
    guard whole.bytes > 0 else { return "0 %" }
    let percent = Double(part.bytes) / Double(whole.bytes) * 100
    return percent > 0 && percent < 1 ? "<1 %" : "\(Int(percent.rounded())) %"
  }
}

extension Partition {
  /// What a person calls it: its label, else its partition label, else its device.
  public var name: String {
    DisplayText.escaped(filesystemLabel ?? partitionLabel ?? RawArgument.text(of: device.bytes))
  }

  /// How a finding names an image on it.
  public func target(of image: ImageUsage) -> String { "\(name):\(image.path.display)" }
}
