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
    /// A measured payload would tell what this cannot.
    var lacksPayload = false
    /// Without what the product's upgrade job gives back before the upgrade itself: `elemental upgrade` run by hand.
    var byHand: (headroom: ByteCount, outcome: Projection.Outcome)?
  }

  /// Why there is no answer.
  struct Missing: Error {
    /// A sentence.
    var reason: String
    /// A measured payload would help.
    var lacksPayload = false
  }

  func answer(on figures: StateFigures) throws(Missing) -> Answer {
    var sizes: SystemSizes?
    if let copy = upgrade.copy {
      sizes = SystemSizes.of(request, node, on: figures.filesystem, copy: copy, image: upgrade.image)
      guard sizes != nil else {
        if let size = request.imageBytes, NewImage(nominalBytes: size) == nil {
          throw Missing(reason: "No filesystem can be made in an image of \(size).")
        }
        throw Missing(
          reason: "How large the new system is, is not known.",
          lacksPayload: request.payload == nil && request.treeBytes == nil)
      }
    }
    let least = try ledger(Amounts(end: .least, sizes: sizes, figures: figures, calculation: self), figures)
    let most = try ledger(Amounts(end: .most, sizes: sizes, figures: figures, calculation: self), figures)
    let margin = request.margin.bytes(of: most.need) ?? .zero
    let ends = [end(least, sizes?.least, figures, margin), end(most, sizes?.most, figures, margin)]
    var answer = Answer(
      least: least, most: most, basis: sizes?.basis, margin: margin, outcome: .unknown, cause: nil, reason: "",
      isEstimate: sizes?.basis.isEstimate ?? false)
    settle(&answer, ends)
    if most.credit > .zero, let dug = most.entries.firstIndex(where: { $0.isDug }) {
      var byHand = most
      byHand.entries.remove(at: dug)
      answer.byHand = (byHand.headroom, end(byHand, sizes?.most, figures, margin).outcome)
    }
    return answer
  }

  private func end(
    _ ledger: StepLedger, _ size: SystemSize?, _ figures: StateFigures, _ margin: ByteCount
  ) -> EndResult {
    let unpacks = upgrade.steps.contains { $0.adds == .tree || $0.adds == .changedFiles }
    return EndResult(ledger, size, figures, margin, unpacks: unpacks)
  }

  /// Where both ends agree, that is the answer, and the worse way of failing counts; where they do not, nothing is known.
  private func settle(_ answer: inout Answer, _ ends: [EndResult]) {
    let (least, most) = (ends[0], ends[1])
    if least.fits == most.fits, least.outcome != .fits || most.outcome != .tight {
      let worse = least.outcome > most.outcome ? least : most
      (answer.outcome, answer.cause, answer.reason) = (worse.outcome, worse.cause, worse.reason)
      return
    }
    guard answer.basis?.kind == .installed else {
      answer.reason = "It fits at best. At worst: \(most.reason)"
      return
    }
    answer.reason =
      "It fits if the new system is as large as the installed one"
      + (most.headroom < .zero
        ? ", and is \(ByteCount.zero - most.headroom) short if it has grown by 30 %."
        : ". If it has grown by 30 %: \(most.reason)")
    answer.lacksPayload = true
  }

  private func ledger(_ start: Amounts, _ figures: StateFigures) throws(Missing) -> StepLedger {
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
          cause: quantity == .tree ? .tree : .image, source: source,
          isDug: quantity == .reclaimablePassive))
    }
    return StepLedger(entries: entries, usable: figures.usable)
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
    projection.headroomByHandBytes = answer.byHand?.headroom
    projection.outcomeByHand = answer.byHand?.outcome
    if answer.lacksPayload { projection.lacks = .payload }
    if answer.least.need != answer.most.need || answer.least.headroom != answer.most.headroom {
      projection.leastNeedBytes = answer.least.need
      projection.mostHeadroomBytes = answer.least.headroom
    }
  }
}
