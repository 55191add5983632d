import CExt2fs
import LinuxStorage
import SpaceModel

/// The structures of block groups that must not read as zeros.
extension BlockOwnerSurvey {
  /// Lists a block of metadata that must not read as zeros if any of it does.
  ///
  /// - Parameter readsAsZero: It was read, and is zero.
  /// - Returns: Whether it is lost.
  @discardableResult
  func note(_ kind: BlockOwnership.Kind, _ block: UInt64, readsAsZero: Bool = false) -> Bool {
    let whole = kind == .superblock ? superblockRange(block) : range(block)
    let runs = doubtful.runs(in: whole)
    let readsAsZero = readsAsZero || (!doubtful.covers(whole) && readsAsZeros(kind, whole))
    guard !runs.isEmpty || readsAsZero else { return false }
    let holes = runs.reduce(0) { $0 + ($1.isHole ? $1.range.length : 0) }
    let isLost = readsAsZero || doubtful.covers(whole)
    if kind == .inodeTable { notedTableBlocks.insert(block) }
    result.metadata.append(.init(kind: kind, block: whole, holeBytes: holes, isLost: isLost))
    return isLost
  }

  /// Zeros are known by whole blocks of the host, which may be larger than those inside: what has not been read and must
  /// not be zero is read.
  private func readsAsZeros(_ kind: BlockOwnership.Kind, _ range: ByteRange) -> Bool {
    guard isThorough, range.length <= 1 << 16 else { return false }
    switch kind {
    case .superblock, .groupDescriptors, .reservedDescriptors, .blockBitmap, .inodeBitmap, .attributes, .journal,
      .multiMountProtection:
      guard let bytes = try? filesystem.source.bytes(at: range.start, count: Int(range.length)) else { return false }
      return UInt64(bytes.count) == range.length && !bytes.contains { $0 != 0 }
    // Read where they are gone through.
    case .inodeTable, .directory, .blockMap: return false
    }
  }

  /// A superblock is 1024 bytes, the first behind the boot block; nobody writes the rest of its block, which is a hole
  /// where the host's blocks are smaller.
  private func superblockRange(_ block: UInt64) -> ByteRange {
    let start = block * filesystem.blockSize
    return ByteRange(start: max(start, 1024), length: 1024)
  }

  func note(_ layout: BlockGroupLayout) {
    let group = layout.group
    if !layout.isComplete {
      contradict("the descriptors of group \(group) name no place for its bitmaps or its inode table")
    }
    if let block = layout.superblock { note(.superblock, block) }
    for block in layout.descriptors.joined() { note(.groupDescriptors, block) }
    // Each of the first group's names its copies in the others; where there is no other it is empty.
    if group == 0, let blocks = layout.reservedDescriptors, hasDescriptorCopies {
      for block in blocks { note(.reservedDescriptors, block) }
    }
    if layout.blockBitmapIsWritten, let block = layout.blockBitmap { note(.blockBitmap, block) }
    if layout.inodeBitmapIsWritten, let block = layout.inodeBitmap, note(.inodeBitmap, block) { mayHideNames = true }
    let protection = UInt64(filesystem.fs.pointee.super.pointee.s_mmp_block)
    if group == 0, filesystem.superblock.features.contains("mmp"), protection < filesystem.superblock.blockCount {
      note(.multiMountProtection, protection)
      claim(protection, 1)
      if isThorough { addOwned(range(protection)) }
    }
  }

  private var hasDescriptorCopies: Bool {
    (1..<max(1, filesystem.fs.pointee.group_desc_count)).contains { ext2fs_bg_has_super(filesystem.fs, $0) != 0 }
  }
}
