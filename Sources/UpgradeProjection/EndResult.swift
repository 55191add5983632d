import SpaceModel

/// How one end of the calculation comes out.
struct EndResult {
  var outcome: Projection.Outcome
  var cause: Projection.Cause?
  var reason: String
  var headroom: ByteCount

  var fits: Bool { outcome == .fits || outcome == .tight }

  /// - Parameter unpacks: The tree is unpacked on the filesystem, and so needs its inodes.
  init(
    _ ledger: StepLedger, _ size: SystemSize?, _ figures: StateFigures, _ margin: ByteCount, unpacks: Bool
  ) {
    headroom = ledger.headroom
    // In the order in which the upgrade meets them: the tree, then the inside of the image, then the space under it.
    if let failing = ledger.failing, failing.cause == .tree {
      (outcome, cause) = (.loudFailure, .tree)
      reason = "The unpacked tree does not fit: '\(failing.name)' fails, and the node stays as it is."
    } else if let size, let free = figures.inodesFree, let inodes = size.inodes, inodes > free, unpacks,
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
