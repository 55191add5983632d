import SpaceModel

/// Whether an image was written whole, by what its filesystem keeps where the image reads as zeros.
///
/// The rules and why they hold: docs/integrity.md.
public struct ImageJudgement: Sendable {
  /// The image is as it was written: it holds zeros that digging would have taken, so each hole under a used block is a
  /// loss. Otherwise holes may have been dug into it.
  public let isAsWritten: Bool
  /// All files with blocks in doubt that mean something, by inode.
  public private(set) var files: [FileJudgement] = []
  /// The image's parts that are lost, ascending.
  public private(set) var lost: [ByteRange] = []
  private let evidence: ImageEvidence
  /// See ``ImageEvidence/zerosMayBeLosses``.
  private let zerosMayBeLosses: Bool

  public init(_ evidence: ImageEvidence) {
    self.evidence = evidence
    isAsWritten = evidence.isAsWritten
    zerosMayBeLosses = evidence.zerosMayBeLosses
    for file in evidence.ownership.files.sorted(by: { $0.inode < $1.inode }) {
      if let judgement = judge(file) { files.append(judgement) }
    }
    lost = ByteRange.union(lost + lostMetadata.map(\.block) + (isAsWritten ? evidence.ownership.unowned : []))
    if isAsWritten { markNeighbours() }
  }

  // MARK: Files

  /// ext4 turns up to `extent_max_zeroout_kb` (32) beside a block that is written into a preallocated extent into data,
  /// by a request that a loop device carries out by punching.
  private static let zeroedOut: UInt64 = 32 << 10

  private mutating func judge(_ file: BlockOwnership.File) -> FileJudgement? {
    let holes = file.pieces.filter(\.isHole)
    var gone = holes.filter { piece in
      if evidence.isTruncated, piece.image.end > evidence.size { return true }
      return isAsWritten && !(file.isPreallocated && piece.image.length <= Self.zeroedOut)
    }
    // A link's target is never empty.
    if file.isSymbolicLink, file.isAllZero { gone = file.pieces }
    if !gone.isEmpty || !file.unmapped.isEmpty || file.size == nil || file.hasLostAttributes {
      lost += gone.map(\.image)
      // A file that has zeros written in it and nothing else had zeros where they are gone, too, as like as not.
      if file.isAllZero, !file.isSymbolicLink, file.size != nil, file.unmapped.isEmpty, !file.hasLostAttributes,
        file.pieces.contains(where: { !$0.isHole })
      {
        return FileJudgement(file: file, verdict: .suspect, ranges: file.ranges(of: gone))
      }
      return FileJudgement(
        file: file, verdict: .lost, ranges: ByteRange.union(file.ranges(of: gone) + file.unmapped))
    }
    if !isAsWritten, file.isAllZero, !holes.isEmpty || zerosMayBeLosses, !file.isSystem, !isExpected(file) {
      return FileJudgement(file: file, verdict: .suspect, ranges: file.ranges(of: file.pieces))
    }
    // Zeros that were read: only their neighbours could make them suspect.
    guard !holes.isEmpty || isAsWritten else { return nil }
    return FileJudgement(file: file, verdict: .explained, ranges: file.ranges(of: holes))
  }

  private func isExpected(_ file: BlockOwnership.File) -> Bool {
    !file.paths.isEmpty && file.paths.allSatisfy { KeptZeros.isExpected($0, size: file.size ?? 0) }
  }

  /// A block whose write was lost may be allocated all the same. Where zeros adjoin what is lost, both may be one loss.
  private mutating func markNeighbours() {
    for index in files.indices where files[index].verdict == .explained {
      let file = files[index].file
      let zeros = file.pieces.filter { !$0.isHole && isBesideLoss($0.image) }
      guard !zeros.isEmpty else { continue }
      files[index].verdict = .suspect
      files[index].ranges = file.ranges(of: zeros)
    }
    files.removeAll { $0.verdict == .explained && $0.ranges.isEmpty }
  }

  private func isBesideLoss(_ piece: ByteRange) -> Bool {
    guard let run = evidence.doubtful.zeroRun(around: piece) else { return false }
    var low = 0
    var high = lost.count
    while low < high {
      let middle = (low + high) / 2
      if lost[middle].end >= run.start { high = middle } else { low = middle + 1 }
    }
    return low < lost.count && lost[low].start <= run.end
  }

  // MARK: Metadata

  /// Blocks that are gone altogether; in an image as it was written, also those of which a part is.
  private var lostMetadata: [BlockOwnership.Metadata] {
    evidence.ownership.metadata.filter { $0.isLost || (isAsWritten && $0.holeBytes > 0) }
  }

  private var metadataLosses: [Integrity.MetadataLoss] {
    var bytes: [BlockOwnership.Kind: UInt64] = [:]
    for piece in lostMetadata { bytes[piece.kind, default: 0] += piece.isLost ? piece.block.length : piece.holeBytes }
    return BlockOwnership.Kind.allCases.compactMap { kind in
      bytes[kind].map { Integrity.MetadataLoss(kind: kind, lostBytes: ByteCount(clamping: $0)) }
    }
  }
}

// MARK: - The answer

extension ImageJudgement {
  public var integrity: Integrity {
    let ownership = evidence.ownership
    var integrity = Integrity(
      state: .clean, reason: "", checked: evidence.readsData ? ["holes", "zeros"] : ["holes"])
    let metadata = metadataLosses
    // A bitmap that is lost, or that nothing leads to, calls nothing used.
    if !metadata.contains(where: { $0.kind == .blockBitmap }), !hasLostDescriptors {
      integrity.usedBytes = ByteCount(clamping: ownership.usedBytes)
    }
    let metadataBytes = metadata.reduce(.zero) { $0 + $1.lostBytes }
    integrity.metadataLost = metadata.isEmpty ? nil : metadata
    integrity.metadataLostBytes = metadataBytes
    integrity.lostBytes = ByteCount(clamping: lost.reduce(0) { $0 + $1.length })
    integrity.lostRegions = Integrity.regions(of: lost)
    integrity.dugBytes = ByteCount(clamping: dugBytes)
    integrity.unreachableInodes = Int64(ownership.unreachableInodes)
    if ownership.unreachableBytes > 0 { integrity.unreachableBytes = ByteCount(clamping: ownership.unreachableBytes) }
    integrity.files = files.filter { $0.verdict != .explained }.flatMap(\.entries).sorted { $0.path < $1.path }
    (integrity.state, integrity.reason) = verdict(metadata: metadata)
    if ownership.needsRecovery { integrity.files = nil }
    if integrity.state == .unknown, isUndecided { integrity.isUndecided = true }
    return integrity
  }

  /// Not only copies of them: a group has eight times as many blocks as a block has bytes at most.
  private var hasLostDescriptors: Bool {
    let blockBytes = evidence.ownership.blockBytes
    return lostMetadata.contains { $0.kind == .groupDescriptors && $0.block.start / blockBytes < 8 * blockBytes }
  }

  /// Used file blocks in holes that are no certain loss.
  private var dugBytes: UInt64 {
    let explained = files.filter { $0.verdict != .lost }
    let holes = explained.flatMap(\.file.pieces).filter(\.isHole).reduce(UInt64(0)) {
      $0.addingClamped($1.image.length)
    }
    return isAsWritten ? holes : holes.addingClamped(evidence.ownership.unowned.reduce(0) { $0 + $1.length })
  }

  private var isUndecided: Bool {
    !evidence.readsData && dugBytes > 0 && evidence.ownership.contradictions == 0 && !evidence.ownership.needsRecovery
  }

  private func verdict(metadata: [Integrity.MetadataLoss]) -> (Integrity.State, String) {
    let ownership = evidence.ownership
    let lostFiles = files.filter { $0.verdict == .lost && !$0.file.isSystem }
    let suspects = files.filter { $0.verdict == .suspect }
    if ownership.needsRecovery {
      return (.unknown, "The journal inside was not replayed, so what is on disk is not what was written.")
    }
    if evidence.isTruncated {
      return (.damaged, "The image ends before the filesystem inside does.")
    }
    if !lost.isEmpty || !lostFiles.isEmpty {
      let bytes = ByteCount(clamping: lost.reduce(0) { $0 + $1.length })
      var reason = "\(bytes) that the filesystem inside uses was never written"
      if !metadata.isEmpty { reason += ", among it \(Self.list(metadata.map { Self.words($0.kind) }))" }
      reason += isAsWritten || metadata.isEmpty ? "." : ": nothing that digging holes could take."
      return (.damaged, reason)
    }
    // Where structures make no sense, they may be what owns it.
    if ownership.contradictions == 0, let clause = Self.stale(ownership) { return (.damaged, clause) }
    if let first = suspects.first {
      let name = first.file.paths.first.map { "'\($0.display)'" } ?? "inode \(first.file.inode)"
      let others = suspects.count > 1 ? " and \(suspects.count - 1) more" : ""
      let verb = suspects.count > 1 ? "hold" : "holds"
      return (
        .suspect, "\(name)\(others) \(verb) nothing but zeros, as after lost writes whose holes were dug or filled."
      )
    }
    if let contradiction = ownership.firstContradiction {
      return (.unknown, "The filesystem inside contradicts itself (\(contradiction)).")
    }
    if ownership.hasErrors { return (.suspect, "The kernel has noted errors in the filesystem inside.") }
    if evidence.unreadableBytes > 0 {
      return (.unknown, "\(ByteCount(clamping: evidence.unreadableBytes)) of the image could not be read.")
    }
    if isUndecided {
      let bytes = ByteCount(clamping: dugBytes)
      return (
        .unknown, "\(bytes) of file blocks lie in holes; only reading the data tells whether they were dug or lost."
      )
    }
    if dugBytes > 0 {
      return (.clean, "The file blocks that lie in holes were zeros that were dug, as far as can be told.")
    }
    return (.clean, "Every block that the filesystem inside uses is there.")
  }

  /// A write that is dropped over a block that had been written before leaves what it held then: no zeros, but structures
  /// of different age.
  private static func stale(_ ownership: BlockOwnership) -> String? {
    if ownership.unownedBytes > 0 {
      return
        "\(ByteCount(clamping: ownership.unownedBytes)) is called used and belongs to no inode: inodes were not written."
    }
    if ownership.uncountedInodes > 0 {
      return "\(ownership.uncountedInodes) inodes are counted as used and are not there."
    }
    if ownership.unreachableInodes > 0 {
      return "\(ownership.unreachableInodes) inodes are in use and no name leads to them: directories were not written."
    }
    return ownership.isStale ? "Bitmaps inside call free what is in use: they were not written." : nil
  }

  private static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }

  private static func words(_ kind: BlockOwnership.Kind) -> String {
    switch kind {
    case .superblock: "superblocks"
    case .groupDescriptors: "group descriptors"
    case .reservedDescriptors: "the resize inode's map"
    case .blockBitmap: "block bitmaps"
    case .inodeBitmap: "inode bitmaps"
    case .inodeTable: "inode tables"
    case .directory: "directories"
    case .blockMap: "block maps"
    case .attributes: "extended attributes"
    case .journal: "the journal's superblock"
    case .multiMountProtection: "the multi-mount protection block"
    }
  }
}
