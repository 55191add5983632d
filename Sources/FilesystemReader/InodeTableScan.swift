import CExt2fs
import LinuxStorage
import SpaceModel

/// Reads the inodes in use of a block group, and what each claims.
struct InodeTableScan {
  private let filesystem: ExtFilesystem
  private let survey: BlockOwnerSurvey
  private let inodeSize: Int
  private let perGroup: UInt32
  /// Inodes in a block of the table.
  private let perBlock: UInt32
  private let firstInode: UInt32
  private let system: SystemInodes

  init(_ filesystem: ExtFilesystem, _ survey: BlockOwnerSurvey) {
    self.filesystem = filesystem
    self.survey = survey
    inodeSize = Int(filesystem.superblock.inodeSize)
    let super_ = filesystem.fs.pointee.super.pointee
    perGroup = super_.s_inodes_per_group
    perBlock = UInt32(clamping: filesystem.blockSize / filesystem.superblock.inodeSize)
    system = SystemInodes(filesystem.fs)
    firstInode = system.first
  }

  /// Table blocks read at once.
  private static let chunk: UInt64 = 64

  func scan(_ layout: BlockGroupLayout) throws(StorageError) {
    guard !layout.hasNoInodes, layout.isComplete, let table = layout.inodeTable else { return }
    let bitmap = try self.bitmap(layout)
    let blockSize = filesystem.blockSize
    var index: UInt64 = 0
    let count = UInt64(table.count)
    func isWanted(_ block: UInt64) -> Bool { isInUse(block, bitmap) }
    while index < count {
      guard isWanted(index) else {
        index += 1
        continue
      }
      var end = index + 1
      while end < count, end - index < Self.chunk, isWanted(end) { end += 1 }
      let at = (table.lowerBound + index) * blockSize
      var bytes = try filesystem.source.bytes(at: at, count: Int((end - index) * blockSize))
      // Behind the end of a truncated image.
      bytes += repeatElement(0, count: Int((end - index) * blockSize) - bytes.count)
      for block in index..<end {
        let from = Int((block - index) * blockSize)
        try scan(
          bytes[from..<from + Int(blockSize)], block: table.lowerBound + block, layout.group * perGroup,
          UInt32(block) * perBlock..<min(UInt32(block + 1) * perBlock, perGroup), bitmap)
      }
      index = end
    }
  }

  /// Whether a block of the table that holds an inode in use reads as zeros, or it cannot be known.
  func hasDoubt(_ layout: BlockGroupLayout) throws(StorageError) -> Bool {
    guard !layout.hasNoInodes, let table = layout.inodeTable else { return !layout.isComplete }
    let runs = survey.doubtful.runs(in: survey.range(table.lowerBound, UInt64(table.count)))
    guard !runs.isEmpty else { return false }
    guard let bitmap = try bitmap(layout) else { return true }
    let blockSize = filesystem.blockSize
    for run in runs {
      let blocks = run.range.expanded(toMultipleOf: blockSize)
      for block in blocks.start / blockSize..<blocks.end / blockSize
      where table.contains(block) && isInUse(block - table.lowerBound, bitmap) {
        let first = UInt32(block - table.lowerBound) * perBlock
        let base = layout.group * perGroup
        for index in first..<min(first + perBlock, perGroup) where Self.isSet(bitmap, index) {
          if system.isNeverZero(base + index + 1) { return true }
        }
      }
    }
    return false
  }

  /// Takes in the journal's inode alone.
  func scanJournal(_ layout: BlockGroupLayout) throws(StorageError) {
    guard let number = system.journal, number < firstInode, let table = layout.inodeTable else { return }
    let at = table.lowerBound * filesystem.blockSize + UInt64(number - 1) * UInt64(inodeSize)
    let bytes = try filesystem.source.bytes(at: at, count: inodeSize)
    guard bytes.count == inodeSize, !bytes.isZero else { return }
    let inode = bytes.withUnsafeBytes {
      InodeRecord(number: number, bytes: $0, blockSize: filesystem.blockSize)
    }
    try survey.visit(inode, system)
  }

  /// A group's inode bitmap; `nil` where it is lost and what lies in the table itself must tell.
  private func bitmap(_ layout: BlockGroupLayout) throws(StorageError) -> [UInt8]? {
    guard let block = layout.inodeBitmap else { return nil }
    let bits = try filesystem.source.bytes(at: block * filesystem.blockSize, count: Int(filesystem.blockSize))
    guard bits.count == Int(filesystem.blockSize), !(layout.inodeBitmapIsWritten && bits.isZero) else { return nil }
    return bits
  }

  private static func isSet(_ bitmap: [UInt8], _ index: UInt32) -> Bool {
    bitmap[Int(index / 8)] & 1 << UInt8(index % 8) != 0
  }

  /// Whether a block of the table, counted from its start, holds an inode in use or may.
  private func isInUse(_ block: UInt64, _ bitmap: [UInt8]?) -> Bool {
    let first = UInt32(clamping: block.multipliedClamped(by: UInt64(perBlock)))
    guard first < perGroup else { return false }
    guard let bitmap else { return true }
    return (first..<min(first + perBlock, perGroup)).contains { Self.isSet(bitmap, $0) }
  }

  /// One block of the table.
  private func scan(
    _ bytes: ArraySlice<UInt8>, block: UInt64, _ base: UInt32, _ indexes: Range<UInt32>, _ bitmap: [UInt8]?
  ) throws(StorageError) {
    let isInUse = { (index: UInt32) in bitmap.map { Self.isSet($0, index) } }
    if bytes.allSatisfy({ $0 == 0 }) {
      guard bitmap != nil else {
        // Nobody but the directories knows whether it was ever written.
        if survey.doubtful.covers(survey.range(block)) {
          for index in indexes { survey.perhapsLostInodes.insert(base + index + 1) }
        }
        return
      }
      let lost = indexes.filter { isInUse($0) == true && system.isNeverZero(base + $0 + 1) }
      guard !lost.isEmpty else { return }
      survey.note(.inodeTable, block, readsAsZero: true)
      survey.mayHideNames = true
      for index in lost where base + index + 1 >= firstInode || base + index + 1 == 2 {
        survey.lostInodes.insert(base + index + 1)
      }
      return
    }
    if indexes.contains(where: { isInUse($0) == true && system.isNeverZero(base + $0 + 1) }) {
      survey.note(.inodeTable, block)
    }
    for index in indexes where isInUse(index) != false {
      let from = bytes.startIndex + Int(index - indexes.lowerBound) * inodeSize
      let inode = bytes.withUnsafeBytes { all in
        let at = from - bytes.startIndex
        return InodeRecord(
          number: base + index + 1, bytes: UnsafeRawBufferPointer(rebasing: all[at..<at + inodeSize]),
          blockSize: filesystem.blockSize)
      }
      guard inode.mode != 0, isInUse(index) == true || inode.links > 0 else { continue }
      try survey.visit(inode, system)
    }
  }
}

/// Inodes that the superblock names, or that the format keeps for itself.
struct SystemInodes {
  /// `s_first_ino`: below it are the reserved ones.
  let first: UInt32
  private let resize: UInt32?
  let journal: UInt32?
  /// Quota files and the orphan file.
  private let others: Set<UInt32>

  init(_ fs: ext2_filsys) {
    let super_ = fs.pointee.super.pointee
    first = super_.s_rev_level == 0 ? 11 : super_.s_first_ino
    resize = ext2fs_has_feature_resize_inode(fs.pointee.super) != 0 ? 7 : nil
    journal =
      ext2fs_has_feature_journal(fs.pointee.super) != 0 && super_.s_journal_inum != 0 ? super_.s_journal_inum : nil
    others = Set([super_.s_usr_quota_inum, super_.s_grp_quota_inum, super_.s_prj_quota_inum, super_.s_orphan_file_inum])
      .subtracting([0])
  }

  enum Role { case root, resize, journal, badBlocks, system, none }

  func role(of inode: UInt32) -> Role {
    switch inode {
    case 1: .badBlocks
    case 2: .root
    case resize: .resize
    case journal: .journal
    default: inode < first || others.contains(inode) ? .system : .none
    }
  }

  /// Whether an inode that the bitmap calls in use was written: of the reserved ones most never are.
  func isNeverZero(_ inode: UInt32) -> Bool {
    switch role(of: inode) {
    case .root, .resize, .journal, .none: true
    case .badBlocks: false
    case .system: others.contains(inode)
    }
  }
}
