import SpaceModel

/// The answer in its fewest words, `DO NOT UPGRADE to v1.8.1`, and the rest of its sentence.
struct Headline: Hashable {
  var call: String
  var tone: TextStyle.Tone
  /// What follows the call, with the colon and the space before it.
  var rest: String

  init(_ call: String, _ tone: TextStyle.Tone, _ rest: String) {
    self.call = call
    self.tone = tone
    self.rest = rest
  }

  func painted(_ style: TextStyle) -> String { style.paint(call, tone) + rest }
}

/// The first lines of a report: what will happen if this node is upgraded now, what it runs and what the fallback is.
/// What to do follows them.
struct ReportOpening {
  let report: Report
  let style: TextStyle

  /// The projections that decide, the worst first.
  private var deciding: [Projection] {
    report.projections.filter { $0.isOptional != true }.sorted { $0.outcome > $1.outcome }
  }

  /// `nil` where the system's own upgrade was not projected: without it nothing is said of the others.
  func lines() -> [String]? {
    guard let headline else { return nil }
    let name = subject + ": "
    let indent = min(name.count, 10)
    var lines = wrap(name + headline.painted(style), indent: indent)
    let margin = String(repeating: " ", count: indent)
    if let figures { lines += wrap(margin + figures, indent: indent + 2) }
    if let running { lines += wrap(running, indent: 2) }
    return lines
  }

  /// The projection the answer is about; `nil` where the system's own upgrade was not projected.
  var decisive: Projection? { deciding.contains { $0.upgrade == "system" } ? deciding.first : nil }

  /// What will happen.
  var headline: Headline? { decisive.map(headline) }

  /// What is needed and what there is; `nil` where that is no matter of figures, or they are not known.
  var figures: String? { decisive.flatMap(figures) }

  /// What runs, and what the fallback is.
  var running: String? { decisive.flatMap { running(on: $0.device) } }

  var subject: String {
    report.host.nodeName.map { DisplayText.escaped($0) }
      ?? (report.partitions.contains { !$0.device.hasPrefix("/dev/") } ? "This disk" : "This node")
  }

  /// What to do first: for the state the node is in, then for the space that is short, worst first.
  var remedy: String? {
    let concerns = report.findings.filter {
      $0.ignored != true && $0.concernsUpgrade && $0.severity > .info && $0.remedy != nil
    }
    let state = concerns.first { Self.states.contains($0.id) } ?? damageRemedy
    let names = deciding.map { projection in
      report.partitions.first { $0.device == projection.device }?.name ?? projection.filesystemLabel
    }
    let space = names.lazy.compactMap { name in
      concerns.first { $0.target == name && ($0.id == .upgradeSpace || $0.id == .upgradeSpaceUnknown) }
    }.first
    return (state ?? space ?? concerns.first)?.remedy
  }

  /// A damaged active image comes before any space.
  private var damageRemedy: Finding? {
    guard let (_, finding) = damagedActive, finding.remedy != nil else { return nil }
    return finding
  }

  private static let states: Set<Finding.ID> = [.upgradeRunning, .rebootPending, .bootedFromPassive]

  // MARK: What happens

  private func headline(_ worst: Projection) -> Headline {
    let to = worst.target.map { " to \(DisplayText.escaped($0))" } ?? ""
    if let running = report.boot?.upgradeRunning, !running.isEmpty {
      return Headline("AN UPGRADE IS RUNNING", .notice, ": nothing can be said of another one.")
    }
    switch worst.outcome {
    case .silentCorruption:
      return Headline(
        "DO NOT UPGRADE\(to)", .bad, ": every command would exit 0 and the OS image would be damaged.")
    case .loudFailure:
      return Headline("DO NOT UPGRADE\(to)", .bad, ": it would fail, and the node would stay as it is.")
    case .unknown:
      return otherDanger(to) ?? unknown(to, worst.reason)
    case .tight, .fits:
      if let caution = caution(to) { return caution }
      let estimate = deciding.contains { $0.basis?.isEstimate ?? false } ? " by estimate" : ""
      return worst.outcome == .fits
        ? Headline("OK TO UPGRADE\(to)", .good, "\(estimate): it fits.")
        : Headline("UPGRADE\(to) WITH CARE", .notice, ": it fits\(estimate), but only just.")
    }
  }

  private func unknown(_ to: String, _ reason: String) -> Headline {
    Headline(
      "UNKNOWN", .notice, ": whether an upgrade\(to) fits cannot be said. \(DisplayText.escaped(reason))")
  }

  /// Where the space would do and something else stands against it.
  private func caution(_ to: String) -> Headline? {
    let concerns = report.findings.filter { $0.ignored != true && $0.concernsUpgrade }
    if let danger = otherDanger(to) { return danger }
    if let unknown = concerns.first(where: \.meansUnknown) { return self.unknown(to, unknown.message) }
    if report.boot?.rebootPending == true {
      guard report.boot?.rootImageDeleted != true else {
        return Headline(
          "DO NOT REBOOT OR UPGRADE\(to) YET", .bad,
          ": the system that runs has been deleted, and what the next boot takes has not run yet.")
      }
      return Headline("REBOOT BEFORE YOU UPGRADE\(to)", .notice, ": the last upgrade waits for it.")
    }
    // Whatever it is about: a headline that says another thing than the gate would be followed.
    if let unknown = report.findings.first(where: { $0.ignored != true && $0.meansUnknown }) {
      return self.unknown(to, "\(unknown.target): \(unknown.message)")
    }
    guard concerns.contains(where: { $0.id == .bootedFromPassive && $0.severity > .info }) else { return nil }
    return Headline(
      "DO NOT UPGRADE\(to) YET", .notice,
      ": the space would do, but the node runs from its fallback, and an upgrade replaces that by the system that did "
        + "not come up.")
  }

  /// What is critical besides the space.
  private func otherDanger(_ to: String) -> Headline? {
    let critical = report.findings.filter { $0.ignored != true && $0.severity == .critical && $0.id != .upgradeSpace }
    if let first = critical.first(where: \.concernsUpgrade) {
      return Headline("DO NOT UPGRADE\(to) YET", .bad, ": \(DisplayText.escaped(first.message))")
    }
    if let (active, _) = damagedActive {
      return Headline(
        "DO NOT UPGRADE\(to)", .bad,
        ": \(active.path.display) is damaged, and an upgrade would make it the fallback or move it over the good one.")
    }
    return critical.first.map { first in
      Headline(
        "DO NOT UPGRADE\(to) YET", .bad,
        ": \(DisplayText.escaped(first.target)): \(DisplayText.escaped(first.message))")
    }
  }

  /// With what was found of it, where that counts.
  private var damagedActive: (image: ImageUsage, finding: Finding)? {
    for partition in report.partitions {
      for image in partition.images ?? [] where image.role == .active && image.integrity?.state == .damaged {
        let target = partition.target(of: image)
        let finding = report.findings.first {
          $0.id == .imageLostWrites && $0.severity == .critical && $0.ignored != true && $0.target == target
        }
        if let finding { return (image, finding) }
      }
    }
    return nil
  }

  private func figures(_ worst: Projection) -> String? {
    // A rule of the product's own has its own arithmetic, and inodes and the inside of an image are no matter of space.
    switch worst.cause {
    case .rule?, .imageBlocks?, .imageInodes?, .stateInodes?: return DisplayText.escaped(worst.reason)
    case .tree?, .image?, nil: break
    }
    guard let need = worst.needBytes, let usable = worst.usableBytes, let headroom = worst.headroomBytes else {
      return nil
    }
    let place = "\(DisplayText.escaped(worst.filesystemLabel)) (\(shortDevice(worst)))"
    let credit = worst.creditBytes.map { " + \(style.size($0)) dug by the upgrade" } ?? ""
    let range = worst.leastNeedBytes.map { $0 == need ? "" : "\(style.size($0)) to " } ?? ""
    let atWorst = range.isEmpty ? "" : " at worst"
    let balance =
      (headroom < .zero ? "\(style.size(ByteCount.zero - headroom)) short" : "\(style.size(headroom)) to spare")
      + atWorst
    let byHand =
      worst.outcomeByHand.map { $0 == worst.outcome ? "" : " Run by hand, without that digging: \($0.words)." } ?? ""
    return "\(place) needs \(range)\(style.size(need)), has \(style.size(usable))\(credit): \(balance).\(byHand)"
  }

  private func shortDevice(_ projection: Projection) -> String {
    guard let device = projection.device else { return "-" }
    return device.hasPrefix("/dev/") ? device.display : device.lastComponent.display
  }

  // MARK: What runs

  /// `Runs v1.8.0 (active). Fallback: passive v1.7.1, not verified.`
  ///
  /// - Parameter device: Of several disks, the one that the answer is about.
  private func running(on device: FilePath?) -> String? {
    let places = report.partitions.filter { $0.filesystemLabel == "COS_STATE" && $0.images != nil }
    let images = (places.first { $0.device == device } ?? places.first)?.images?.filter { $0.hardLinkOf == nil } ?? []
    let active = images.first { $0.role == .active }
    // elemental 2 has no passive image: its fallbacks are the other snapshots, the newest first.
    let passive = images.first { $0.role == .passive } ?? images.last { $0.role == .snapshot }
    guard active != nil || passive != nil else { return nil }
    if report.boot?.rebootPending == true { return runningUntilReboot(images, active) }
    let name = passive?.role == .snapshot ? "snapshot" : "passive"
    let fallback =
      passive.map { " Fallback: \(name) \(version($0)), \(wholeness($0))." } ?? " No fallback: there is no other image."
    switch report.boot?.mode {
    case .active?: return "Runs \(version(active)) (active)." + fallback
    case .passive?:
      let runs = images.first { $0.inUse?.by.hasPrefix("running root") ?? false } ?? passive
      return
        "Runs \(version(runs)) (\(name), the fallback): active \(version(active)) did not come up, or was not chosen."
    case .recovery?: return "Runs its recovery system; active is \(version(active))." + fallback
    case .live?: return "Runs a live system; active is \(version(active))." + fallback
    case .uki?, nil: return "Active is \(version(active))." + fallback
    }
  }

  /// An upgrade has renamed or deleted the image that runs: what it is called says no longer what it is.
  private func runningUntilReboot(_ images: [ImageUsage], _ active: ImageUsage?) -> String {
    let next = " The next boot takes active \(version(active))."
    if report.boot?.rootImageDeleted == true { return "Runs an image that has been deleted since." + next }
    let running = images.first { image in
      report.boot?.rootImage.map { $0.bytes.suffix(image.path.bytes.count) == image.path.bytes[...] } ?? false
    }
    guard let running else { return "Runs an image that an upgrade has replaced." + next }
    return "Runs \(version(running)), which is \(running.path.lastComponent.display) by now." + next
  }

  /// Whether it can be relied on, as far as was looked.
  private func wholeness(_ image: ImageUsage) -> String {
    switch image.integrity?.state {
    case .damaged?: style.paint("DAMAGED", .bad)
    case .suspect?: style.paint("perhaps damaged", .notice)
    case .clean? where image.integrity?.isVerified == true: "verified"
    case .clean?, .unknown?, nil: "not verified"
    }
  }

  private func version(_ image: ImageUsage?) -> String {
    guard let image else { return "missing" }
    guard let os = image.os else { return "of unknown version" }
    let name = os.prettyName ?? os.version ?? "of unknown version"
    // "Harvester v1.8.0" is the product's way to say v1.8.0.
    let words = name.split(separator: " ")
    return DisplayText.escaped(words.count == 2 && words[1].first == "v" ? String(words[1]) : name)
  }

  private func wrap(_ text: String, indent: Int) -> [String] { TextWrap.wrap(text, width: style.width, indent: indent) }
}
