import SpaceModel

/// What can be done to make an upgrade fit, and what of that is advised.
struct RemedyChoice {
  let calculation: UpgradeCalculation
  let figures: StateFigures
  let boot: BootState?

  private var actions: [SpaceAction] { SpaceAction.all(on: figures) }

  /// Each action alone.
  ///
  /// - Parameter isTrusted: Whether an answer counts at all.
  func whatIfs(isTrusted: (UpgradeCalculation.Answer) -> Bool) -> [Projection.WhatIf] {
    actions.map { action in
      let after = figures.after(action)
      let then = try? calculation.answer(on: after)
      let assured = try? calculation.answer(on: figures.after(action, assured: true))
      var outcome = then?.outcome ?? .unknown
      if let then, let assured, !isTrusted(then) || assured.outcome != then.outcome { outcome = .unknown }
      return Projection.WhatIf(
        id: action.id, freesBytes: after.usable - figures.usable, headroomBytes: then?.most.headroom, outcome: outcome,
        risk: risk(of: action))
    }
  }

  private func risk(of action: SpaceAction) -> String? {
    switch action {
    case .digHoles(let path):
      let isEstimate = figures.images.first { $0.path == path }?.isEstimate ?? false
      return isEstimate ? "estimated: no data was read" : nil
    case .removeLeftovers: return nil
    case .removePassive:
      if figures.image(.passive)?.isPinned == true {
        return "it is in use: removing it gives nothing back before a reboot, and may leave no good system"
      }
      return "no fallback until the upgrade is done; active \(wholeness(figures.image(.active)?.integrity))"
    }
  }

  private func wholeness(_ active: Integrity?) -> String {
    switch active?.state {
    case .damaged?: "is damaged: passive may be the only good system"
    case .suspect?: "is perhaps damaged: passive may be the only good system"
    case .clean? where active?.isVerified == true: "was verified"
    case .clean?, .unknown?, nil: "was not verified"
    }
  }

  /// The cheapest set of actions that makes it fit; where none does, the cheapest that makes it tight.
  ///
  /// What was measured is counted on first. An estimate comes before giving up the way back: digging that gives less than
  /// it promised costs nothing.
  func remedy(of now: Projection.Outcome, isTrusted: (UpgradeCalculation.Answer) -> Bool) -> [String]? {
    let measured = cheapest(candidates(of: now), of: now, assured: true, isTrusted: isTrusted)
    if let measured, !measured.contains(Projection.WhatIf.removePassive) { return measured }
    let harmless = candidates(of: now).filter { $0 != .removePassive }
    return cheapest(harmless, of: now, assured: false, isTrusted: isTrusted) ?? measured
  }

  private func cheapest(
    _ candidates: [SpaceAction], of now: Projection.Outcome, assured: Bool,
    isTrusted: (UpgradeCalculation.Answer) -> Bool
  ) -> [String]? {
    var best: (rank: Int, cost: Int, ids: [String])?
    for choice in 1..<(1 << candidates.count) {
      let chosen = candidates.enumerated().filter { choice >> $0.offset & 1 == 1 }.map(\.element)
      let after = chosen.reduce(figures) { $0.after($1, assured: assured) }
      guard let then = try? calculation.answer(on: after), isTrusted(then) else { continue }
      // The way back is given up only where nothing else makes it fit at all.
      var rank = chosen.contains(.removePassive) ? 2 : 0
      switch then.outcome {
      case .fits: break
      case .tight where now != .tight: rank += 1
      default: continue
      }
      let cost = chosen.reduce(0) { $0 + $1.cost }
      if best.map({ (rank, cost) < ($0.rank, $0.cost) }) ?? true { best = (rank, cost, chosen.map(\.id)) }
    }
    return best?.ids
  }

  /// Whether it fails at the lower end of the sizes too after everything, advised or not.
  var isHopeless: Bool {
    // Old snapshots can be deleted by hand; which of them may go is not for us to say.
    guard !figures.hasSnapshots else { return false }
    let after = actions.reduce(figures) { $0.after($1) }
    guard let then = try? calculation.answer(on: after) else { return false }
    return then.least.failing != nil
  }

  /// The sets of a few actions can all be tried; of images to dig the largest will do.
  private func candidates(of now: Projection.Outcome) -> [SpaceAction] {
    let advisable = actions.filter { isAdvisable($0, now) }
    let digs = advisable.filter { if case .digHoles = $0 { true } else { false } }
    return advisable.filter { !digs.contains($0) } + digs.prefix(8)
  }

  /// What never puts the last good system, or an upgrade that may be running, at risk.
  private func isAdvisable(_ action: SpaceAction, _ now: Projection.Outcome) -> Bool {
    switch action {
    case .digHoles(let path):
      return figures.images.first { $0.path == path }?.isEvidence != true
    case .removeLeftovers: return boot?.upgradeMayRun != true
    case .removePassive:
      // For a margin alone no way back is given up.
      guard now != .tight, let active = figures.image(.active), active.isReadable, !active.isDamaged,
        active.allocated > .zero
      else {
        return false
      }
      guard let boot else { return true }
      let startedWell = boot.mode == .active && boot.upgradeFailure != true && boot.rebootPending != true
      return startedWell && figures.image(.passive)?.isPinned != true
    }
  }
}
