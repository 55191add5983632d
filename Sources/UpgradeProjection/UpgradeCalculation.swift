import SpaceModel

/// One upgrade of one filesystem, calculated at both ends of what is known.
struct UpgradeCalculation {
  let upgrade: UpgradeProfile.Upgrade
  let request: UpgradeRequest
  let node: UpgradeNode
  let target: ReleaseVersion?

  /// How it ends.
  struct Answer {
    /// At the lower end of the sizes.
    var least: StepLedger
    /// At the upper end.
    var most: StepLedger
    var basis: Projection.Basis?
    var margin: ByteCount
    var outcome: Projection.Outcome
    var cause: Projection.Cause?
    var reason: String
    var isEstimate: Bool
  }

  func answer(on figures: StateFigures) -> Answer? {
    var ignored = Projection(
      filesystemLabel: "", upgrade: "", profile: "", profileSource: "", model: "", outcome: .unknown, reason: "")
    return answer(on: figures, &ignored)
  }

  /// - Parameter projection: Gets the reason where there is no answer.
  func answer(on figures: StateFigures, _ projection: inout Projection) -> Answer? {
    var sizes: SystemSizes?
    if let copy = upgrade.copy {
      sizes = SystemSizes.of(request, node, on: figures.filesystem, copy: copy, image: upgrade.image)
      guard sizes != nil else {
        projection.reason = "How large the new system is, is not known."
        return nil
      }
    }
    var ledgers: [StepLedger] = []
    for end in [Amounts.End.least, .most] {
      do throws(Amounts.Missing) {
        ledgers.append(try ledger(Amounts(end: end, sizes: sizes, figures: figures, calculation: self), figures))
      } catch {
        projection.reason = error.reason
        return nil
      }
    }
    let margin = request.margin.bytes(of: ledgers[1].need) ?? .zero
    let ends = [
      EndResult(ledgers[0], sizes?.least, figures, margin), EndResult(ledgers[1], sizes?.most, figures, margin),
    ]
    let (outcome, reason) = verdict(ends, sizes, figures)
    return Answer(
      least: ledgers[0], most: ledgers[1], basis: sizes?.basis, margin: margin, outcome: outcome,
      cause: outcome == .silentCorruption || outcome == .loudFailure ? ends[1].cause : nil, reason: reason,
      isEstimate: sizes?.basis.isEstimate ?? false)
  }

  private func ledger(_ start: Amounts, _ figures: StateFigures) throws(Amounts.Missing) -> StepLedger {
    var amounts = start
    var entries: [StepLedger.Entry] = []
    for step in upgrade.steps where step.when?.holds(target: target, request: request, node: node) ?? true {
      guard let quantity = step.adds ?? step.frees else { continue }
      guard let (bytes, source) = try amounts.amount(of: quantity, step) else { continue }
      // What was dug is not given back a second time.
      if quantity == .reclaimablePassive { amounts.figures.dig(.passive, bytes) }
      entries.append(
        StepLedger.Entry(
          name: step.name, change: step.adds == nil ? ByteCount.zero - bytes : bytes, failure: step.failure ?? .loud,
          cause: quantity == .tree ? .tree : .image, source: source))
    }
    return StepLedger(entries: entries, usable: figures.usable)
  }

  /// The worse end decides where both agree; where they do not, nothing is known.
  private func verdict(
    _ ends: [EndResult], _ sizes: SystemSizes?, _ figures: StateFigures
  ) -> (Projection.Outcome, String) {
    let (least, most) = (ends[0], ends[1])
    if least.fits == most.fits { return (most.outcome, most.reason) }
    let short = ByteCount.zero - most.headroom
    if sizes?.basis.kind == .installed {
      return (
        .unknown,
        "It fits if the new system is as large as the installed one, and is \(short) short if it has grown by 30 %."
      )
    }
    return (.unknown, "It fits at best, and is \(short) short at worst.")
  }

  /// Puts the figures into the report's form.
  func fill(_ projection: inout Projection, _ answer: Answer, _ figures: StateFigures) {
    projection.basis = answer.basis
    projection.usableBytes = figures.usable
    projection.needBytes = answer.most.need
    if answer.most.credit > .zero { projection.creditBytes = answer.most.credit }
    projection.headroomBytes = answer.most.headroom
    projection.steps = answer.most.steps(used: figures.used)
    projection.highWaterMarkBytes = answer.most.peak.map { projection.steps[$0].usedBytes } ?? figures.used
    projection.peakStep = answer.most.peak.map { answer.most.entries[$0].name }
    projection.marginBytes = answer.margin
    if answer.least.need != answer.most.need || answer.least.headroom != answer.most.headroom {
      projection.leastNeedBytes = answer.least.need
      projection.mostHeadroomBytes = answer.least.headroom
    }
  }
}

/// How one end of the calculation comes out.
private struct EndResult {
  var outcome: Projection.Outcome
  var cause: Projection.Cause?
  var reason: String
  var headroom: ByteCount

  var fits: Bool { outcome == .fits || outcome == .tight }

  init(_ ledger: StepLedger, _ size: SystemSize?, _ figures: StateFigures, _ margin: ByteCount) {
    headroom = ledger.headroom
    // In the order in which the upgrade meets them: the tree, then the inside of the image, then the space under it.
    if let failing = ledger.failing, failing.cause == .tree {
      (outcome, cause) = (.loudFailure, .tree)
      reason = "The unpacked tree does not fit: '\(failing.name)' fails, and the node stays as it is."
    } else if let size, let free = figures.inodesFree, let inodes = size.inodes, inodes > free,
      figures.filesystem.kind == .ext4 || figures.filesystem.kind == .ext2
    {
      (outcome, cause) = (.loudFailure, .stateInodes)
      reason = "The tree needs \(inodes) inodes, and \(free) are free: unpacking it fails."
    } else if let size, case .space(let short)? = size.shortage {
      (outcome, cause) = (.loudFailure, .imageBlocks)
      reason =
        "The new image of \(size.nominalImage ?? .zero) is too small for what goes into it, by \(short): filling it "
        + "fails."
    } else if let size, case .inodes(let short)? = size.shortage {
      (outcome, cause) = (.loudFailure, .imageInodes)
      reason =
        "The new image of \(size.nominalImage ?? .zero) has \(short) inodes too few for what goes into it: filling "
        + "it fails."
    } else if let failing = ledger.failing {
      cause = failing.cause
      if failing.failure == .silent {
        outcome = .silentCorruption
        reason = "The image does not fit: every command exits 0, and what was written is damaged."
      } else {
        outcome = .loudFailure
        reason = "'\(failing.name)' fails for want of space."
      }
    } else if ledger.headroom < margin {
      (outcome, cause) = (.tight, nil)
      reason = "It fits with \(ledger.headroom) to spare, less than the margin of \(margin)."
    } else {
      (outcome, cause) = (.fits, nil)
      reason = "It fits with \(ledger.headroom) to spare."
    }
  }
}
