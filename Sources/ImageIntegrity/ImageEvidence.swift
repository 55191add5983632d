import SpaceModel

/// What was found out about one image, for ``ImageJudgement``.
public struct ImageEvidence: Sendable {
  public var ownership: BlockOwnership
  public var doubtful: DoubtfulRanges
  /// `st_size` of the image.
  public var size: UInt64
  /// What the host allocates at least, and a digging tool looks at.
  public var unit: UInt64
  /// Data was read, so that the zeros in `doubtful` are all there are.
  public var readsData: Bool
  /// Data that could not be read.
  public var unreadableBytes: UInt64 = 0
  /// The filesystem inside goes on behind the end of the image.
  public var isTruncated = false

  public init(ownership: BlockOwnership, doubtful: DoubtfulRanges, size: UInt64, unit: UInt64, readsData: Bool) {
    self.ownership = ownership
    self.doubtful = doubtful
    self.size = size
    self.unit = unit
    self.readsData = readsData
  }
}

extension ImageEvidence {
  /// Zeros that somebody digging afterwards would have taken, so much later than all that lies in holes that there was
  /// time for a dig in between.
  private static let later: Int64 = 3600

  /// Whether the image is as it was written: it holds used file blocks of zeros that digging would not have left.
  ///
  /// An image without any hole says nothing: a plain copy fills all of them.
  var isAsWritten: Bool {
    let holes = holes
    guard readsData, !holes.isEmpty else { return false }
    let granule = DigGranule.of(holes: holes, size: size, unit: unit)
    let newest = ownership.files.filter { $0.pieces.contains(where: \.isHole) }.map(\.changed).max()
    return ownership.files.contains { file in
      if let newest, file.changed - Self.later > newest { return false }
      return file.pieces.contains { !$0.isHole && wouldBeDug($0.image, granule) }
    }
  }

  /// Whether a copy may have turned what was lost into zeros that are allocated: a plain copy all of it, one that skips
  /// zeros in large pieces most.
  var zerosMayBeLosses: Bool {
    let holes = holes
    return readsData && (holes.isEmpty || DigGranule.of(holes: holes, size: size, unit: unit) > unit)
  }

  private var holes: [ByteRange] { doubtful.runs.filter { $0.isHole && $0.range.start < size }.map(\.range) }

  /// Whether a piece of zeros lies in a whole granule of them, behind data.
  ///
  /// `fallocate --dig-holes` (util-linux 2.38) forgets where a run of zeros began that opens a stretch of data when the
  /// stretch before ended in zeros, and leaves it: such a run says nothing.
  private func wouldBeDug(_ piece: ByteRange, _ granule: UInt64) -> Bool {
    guard let run = doubtful.zeroRun(around: piece), !doubtful.startsBehindHole(run) else { return false }
    let start = run.start.addingClamped(granule - 1) & ~(granule - 1)
    let end = run.end & ~(granule - 1)
    return start < end && ByteRange(start: start, end: end).intersection(piece) != nil
  }
}
