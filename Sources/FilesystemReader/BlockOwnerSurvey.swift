import CExt2fs
import LinuxStorage
import SpaceModel

extension ExtFilesystem {
  /// Who owns those parts of the filesystem that are in doubt.
  ///
  /// The inode tables are read from end to end, not by paths, so that lost directories hide nothing; the directories
  /// only where something must be named. No file data is read.
  ///
  /// - Parameter isThorough: Read the inodes also where the bitmaps alone show that nothing in use is in doubt, and see
  ///   whether they make sense.
  /// - Throws: ``StorageError``: `.unsupported` with bigalloc, inline data or shared blocks, whose blocks have no single
  ///   owner that could be told; `.corrupt` where blocks are claimed more often than there are; `.cancelled`; a read
  ///   error.
  /// - Complexity: O(inodes in use + map nodes) reads; memory O(runs in doubt + directories + 8 bytes an inode).
  public func blockOwners(
    of doubtful: DoubtfulRanges, isThorough: Bool = true, isCancelled: @Sendable () -> Bool = { false }
  ) throws(StorageError) -> BlockOwnership {
    for feature in ["bigalloc", "inline_data", "shared_blocks"] where superblock.features.contains(feature) {
      throw StorageError(
        .unsupported, operation: "tell the owners of blocks in", path: source.path,
        message: "its feature \(feature) is not supported there")
    }
    // A bitmap that is lost reads as zeros and has no good checksum; it must not hide the others.
    let flags = fs.pointee.flags
    fs.pointee.flags |= EXT2_FLAG_IGNORE_CSUM_ERRORS
    defer { fs.pointee.flags = flags }
    let free = try freeRuns()
    let first = UInt64(fs.pointee.super.pointee.s_first_data_block) * blockSize
    let used = DoubtfulRanges.subtract(
      free, from: [ByteRange(start: min(first, superblock.size), end: superblock.size)])

    let survey = BlockOwnerSurvey(self, doubtful, used: used.reduce(0) { $0 + $1.length }, isThorough: isThorough)
    let layouts = (0..<fs.pointee.group_desc_count).lazy.map { group in
      BlockGroupLayout(self.fs, group: group, blockCount: self.superblock.blockCount)
    }
    var fixed: [ByteRange] = []
    for layout in layouts {
      for blocks in layout.blocks {
        fixed.append(ByteRange(start: blocks.lowerBound * blockSize, end: blocks.upperBound * blockSize))
      }
      survey.note(layout)
    }
    fixed = ByteRange.union(fixed)
    let usedHoles = DoubtfulRanges.intersect(used, doubtful.runs.filter(\.isHole).map(\.range))
    let scan = InodeTableScan(self, survey)
    if !isThorough, survey.result.metadata.isEmpty, survey.result.contradictions == 0 {
      let rest = DoubtfulRanges.subtract(fixed, from: usedHoles)
      if try !hasDoubt(layouts, scan) {
        if try isJournal(rest, layouts) { return survey.result }
        scan.triage = InodeTriage(survey, scan.system, wanted: rest)
        survey.hasSpared = true
      }
    }
    for layout in layouts {
      if isCancelled() {
        throw StorageError(.cancelled, operation: "read", path: source.path, message: "it was cancelled")
      }
      if layout.group % Self.groupsAtOnce == 0 {
        try scan.prefetch(layouts.dropFirst(Int(layout.group)).prefix(Int(Self.groupsAtOnce)))
      }
      try scan.scan(layout)
    }
    try scan.finish(layouts, isCancelled)
    if survey.directories[2] == nil, !survey.lostInodes.contains(2) { survey.contradict("it has no root directory") }
    // Where nothing else was looked for, a file that only has dug holes needs no name.
    if isThorough || scan.triage == nil || isTruncated || survey.mayHideNames
      || survey.result.files.contains(where: \.mayBeLost)
    {
      try survey.nameFiles(isCancelled)
    }
    // A search that ended when every hole had its owner has not seen all inodes.
    if !survey.hasSpared { survey.countLostInodes(layouts) }
    if isThorough { survey.reconcile(used: used, fixed: fixed) }
    survey.result.unowned = DoubtfulRanges.subtract(ByteRange.union(fixed + survey.claimedHoles), from: usedHoles)
    return survey.result
  }

  /// Groups whose inode tables are read ahead: 64 MiB of them with mke2fs's defaults.
  private static let groupsAtOnce: UInt32 = 32

  /// Whether a block of an inode table that is in use is in doubt.
  private func hasDoubt(
    _ layouts: some Collection<BlockGroupLayout>, _ scan: InodeTableScan
  ) throws(StorageError) -> Bool {
    willReadBlocks(layouts.prefix(4096).compactMap(\.inodeBitmap))
    for layout in layouts where try scan.hasDoubt(layout) { return true }
    return false
  }

  /// Whether all of these used blocks in holes belong to the journal.
  private func isJournal(
    _ rest: [ByteRange], _ layouts: some Collection<BlockGroupLayout>
  ) throws(StorageError) -> Bool {
    if rest.isEmpty { return true }
    // On a survey of its own: the inode is read again where the answer is no.
    let journal = BlockOwnerSurvey(self, DoubtfulRanges(holes: rest), used: 0, isThorough: false)
    guard let first = layouts.first else { return false }
    try InodeTableScan(self, journal).scanJournal(first)
    return journal.result.metadata.isEmpty && journal.result.contradictions == 0
      && DoubtfulRanges.subtract(ByteRange.union(journal.claimedHoles), from: rest).isEmpty
  }
}

/// What is found while the filesystem is read; see ``ExtFilesystem/blockOwners(of:isThorough:isCancelled:)``.
final class BlockOwnerSurvey {
  let filesystem: ExtFilesystem
  let doubtful: DoubtfulRanges
  var result: BlockOwnership
  /// Parts of holes that some inode claims, whatever for.
  var claimedHoles: [ByteRange] = []
  /// Inodes in use that a path should lead to, ascending, and how many blocks each claims.
  var inodes: [(number: UInt32, blocks: UInt32)] = []
  var directories: [UInt32: InodeRecord] = [:]
  var lostDirectories: Set<UInt32> = []
  /// In use by the bitmap, in a block of the inode table that reads as zeros.
  var lostInodes: InodeSet
  /// In such a block too, but the bitmap is lost as well: lost where a name leads to them.
  var perhapsLostInodes: InodeSet
  /// Inodes that were read and are some.
  var visited: InodeSet
  /// Inodes were spared, so that one that was not visited is none that nobody marked.
  var hasSpared = false
  /// Of them, those that only a name led to: the bitmap calls them free.
  var unmarkedInodes: Set<UInt32> = []
  /// Blocks of inode tables that were listed already.
  var notedTableBlocks: Set<UInt64> = []
  let isThorough: Bool
  let system: SystemInodes
  /// What inodes claim, for ``reconcile(used:fixed:)``.
  var owned: [ByteRange] = []
  /// What is lost may have led to others.
  var mayHideNames = false
  private var claimedBlocks: UInt64 = 0
  /// Whether each block of extended attributes in doubt is lost: several inodes may share one.
  private var attributeBlocks: [UInt64: Bool] = [:]

  init(_ filesystem: ExtFilesystem, _ doubtful: DoubtfulRanges, used: UInt64, isThorough: Bool) {
    self.filesystem = filesystem
    self.doubtful = doubtful
    result = BlockOwnership(blockBytes: filesystem.blockSize, usedBytes: used)
    result.needsRecovery = filesystem.superblock.needsRecovery
    result.hasErrors = Int32(filesystem.fs.pointee.super.pointee.s_state) & EXT2_ERROR_FS != 0
    lostInodes = InodeSet(perGroup: filesystem.fs.pointee.super.pointee.s_inodes_per_group)
    perhapsLostInodes = lostInodes
    visited = lostInodes
    self.isThorough = isThorough
    system = SystemInodes(filesystem.fs)
  }

  func range(_ block: UInt64, _ count: UInt64 = 1) -> ByteRange {
    ByteRange(start: block * filesystem.blockSize, length: count * filesystem.blockSize)
  }

  func contradict(_ clause: String) {
    result.contradictions += 1
    if result.firstContradiction == nil { result.firstContradiction = clause }
  }

  func contradict(_ inode: UInt32, _ clause: String) { contradict("inode \(inode): \(clause)") }

  /// Takes note that an inode owns these blocks.
  func claim(_ block: UInt64, _ count: UInt64) {
    for run in doubtful.runs(in: range(block, count)) where run.isHole { claimedHoles.append(run.range) }
  }

  /// Takes note that these blocks are an inode's.
  ///
  /// - Throws: ``StorageError`` `.corrupt` where more blocks are claimed than there are: some are claimed twice.
  func own(_ block: UInt64, _ count: UInt64) throws(StorageError) {
    if isThorough { addOwned(range(block, count)) }
    claimedBlocks = claimedBlocks.addingClamped(count)
    guard claimedBlocks <= filesystem.superblock.blockCount else {
      throw StorageError(
        .corrupt, operation: "tell the owners of blocks in", path: filesystem.source.path,
        message: "its inodes claim more blocks than it has", hint: "Check the filesystem with e2fsck -fn.")
    }
  }

  /// Most files lie right behind the one before them.
  func addOwned(_ blocks: ByteRange) {
    if let last = owned.last, last.end == blocks.start {
      owned[owned.count - 1].end = blocks.end
    } else {
      owned.append(blocks)
    }
  }

  /// A block of extended attributes; inodes with equal attributes share it.
  ///
  /// - Returns: Whether it is lost.
  func noteAttributes(_ block: UInt64, of inode: UInt32) -> Bool {
    guard block > 0, block < filesystem.superblock.blockCount else {
      if block != 0 { contradict(inode, "its attributes lie outside of the filesystem") }
      return false
    }
    if let known = attributeBlocks[block] { return known }
    if isThorough, owned.last?.end != (block + 1) * filesystem.blockSize { addOwned(range(block)) }
    guard isThorough || !doubtful.runs(in: range(block)).isEmpty else { return false }
    claim(block, 1)
    let isLost = note(.attributes, block)
    attributeBlocks[block] = isLost
    return isLost
  }
}

extension BlockOwnership.File {
  /// Something of it is lost or may be that digging does not explain, so that its names are wanted.
  fileprivate var mayBeLost: Bool { isAllZero || !unmapped.isEmpty || size == nil || hasLostAttributes }
}
