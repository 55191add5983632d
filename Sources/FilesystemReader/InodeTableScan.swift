import CExt2fs
import LinuxStorage
import SpaceModel

/// Reads the inodes in use of a block group, and what each claims.
final class InodeTableScan {
  private let filesystem: ExtFilesystem
  private let survey: BlockOwnerSurvey
  private let inodeSize: Int
  private let perGroup: UInt32
  /// Inodes in a block of the table.
  private let perBlock: UInt32
  private let firstInode: UInt32
  let system: SystemInodes
  /// Decides which inodes are walked; `nil`: all are.
  var triage: InodeTriage?
  /// Used for each piece of a table in turn.
  private var room: [UInt8] = []

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
  private static let chunk = 64

  func scan(_ layout: BlockGroupLayout) throws(StorageError) {
    guard !layout.hasNoInodes, layout.isComplete, let table = layout.inodeTable else { return }
    let bitmap = try self.bitmap(layout)
    let blockSize = filesystem.blockSize
    for piece in pieces(table, bitmap) {
      let wanted = (piece.upperBound - piece.lowerBound) * Int(blockSize)
      if room.count != wanted { room = [UInt8](repeating: 0, count: wanted) }
      let got = try filesystem.source.fill(&room, at: (table.lowerBound + UInt64(piece.lowerBound)) * blockSize)
      // Behind the end of a truncated image.
      if got < wanted { room.replaceSubrange(got..<wanted, with: repeatElement(0, count: wanted - got)) }
      if triage == nil { prefetchMaps(piece, bitmap) }
      for block in piece {
        let from = (block - piece.lowerBound) * Int(blockSize)
        try scan(
          room[from..<from + Int(blockSize)], block: table.lowerBound + UInt64(block), layout.group * perGroup,
          UInt32(block) * perBlock..<min(UInt32(block + 1) * perBlock, perGroup), bitmap)
      }
    }
  }

  /// Has the inode tables of some groups read before they are asked for.
  func prefetch(_ layouts: some Sequence<BlockGroupLayout>) throws(StorageError) {
    let blockSize = filesystem.blockSize
    let layouts = layouts.filter { !$0.hasNoInodes && $0.isComplete }
    filesystem.willReadBlocks(layouts.compactMap(\.inodeBitmap))
    var ranges: [ByteRange] = []
    for layout in layouts {
      guard let table = layout.inodeTable else { continue }
      ranges += pieces(table, try bitmap(layout)).map {
        ByteRange(
          start: (table.lowerBound + UInt64($0.lowerBound)) * blockSize, length: UInt64($0.count) * blockSize)
      }
    }
    filesystem.source.willRead(ByteRange.union(ranges))
  }

  /// The parts of a table that hold inodes in use or may, in blocks from its start.
  private func pieces(_ table: Range<UInt64>, _ bitmap: [UInt8]?) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    for block in 0..<table.count where isInUse(UInt64(block), bitmap) {
      if let last = pieces.last, last.upperBound == block, last.count < Self.chunk {
        pieces[pieces.count - 1] = last.lowerBound..<block + 1
      } else {
        pieces.append(block..<block + 1)
      }
    }
    return pieces
  }

  /// Has the first nodes of the block maps in `room` read, in the order they lie.
  private func prefetchMaps(_ piece: Range<Int>, _ bitmap: [UInt8]?) {
    var nodes: [MapNode] = []
    let none = DoubtfulRanges(holes: [])
    let first = UInt32(piece.lowerBound) * perBlock
    let count = min(UInt32(piece.count) * perBlock, perGroup - first)
    room.withUnsafeBytes { bytes in
      for index in 0..<count where bitmap.map({ Self.isSet($0, first + index) }) != false {
        let inode = UnsafeRawBufferPointer(rebasing: bytes[Int(index) * inodeSize..<Int(index + 1) * inodeSize])
        _ = InodeGlance(0, inode, blockSize: filesystem.blockSize)
          .touches(none, blockCount: filesystem.superblock.blockCount, nodes: &nodes)
      }
    }
    filesystem.willReadBlocks(nodes.map(\.block))
  }

  /// Walks what the triage put off.
  func finish(_ layouts: some Collection<BlockGroupLayout>, _ isCancelled: () -> Bool) throws(StorageError) {
    try triage?.finish(isCancelled) { (number) throws(StorageError) in
      let group = (number - 1) / self.perGroup
      let index = layouts.index(layouts.startIndex, offsetBy: Int(group))
      guard let table = layouts[index].inodeTable else { return nil }
      let offset = UInt64((number - 1) % self.perGroup) * UInt64(self.inodeSize)
      let bytes = try self.filesystem.source.bytes(
        at: table.lowerBound * self.filesystem.blockSize + offset, count: self.inodeSize)
      guard bytes.count == self.inodeSize else { return nil }
      return bytes.withUnsafeBytes {
        InodeRecord(number: number, bytes: $0, blockSize: self.filesystem.blockSize)
      }
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
    if perBlock % 8 == 0, first + perBlock <= perGroup {
      return bitmap[Int(first / 8)..<Int((first + perBlock) / 8)].contains { $0 != 0 }
    }
    return (first..<min(first + perBlock, perGroup)).contains { Self.isSet(bitmap, $0) }
  }

  /// One block of the table.
  private func scan(
    _ bytes: ArraySlice<UInt8>, block: UInt64, _ base: UInt32, _ indexes: Range<UInt32>, _ bitmap: [UInt8]?
  ) throws(StorageError) {
    let isInUse = { (index: UInt32) in bitmap.map { Self.isSet($0, index) } }
    if bytes.withUnsafeBytes(\.isZero) {
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
      let at = Int(index - indexes.lowerBound) * inodeSize
      let number = base + index + 1
      var decision = InodeTriage.Decision.walk
      let inode = bytes.withUnsafeBytes { all in
        let raw = UnsafeRawBufferPointer(rebasing: all[at..<at + inodeSize])
        if let triage { decision = triage.decide(number, raw) }
        return decision == .spared ? nil : InodeRecord(number: number, bytes: raw, blockSize: filesystem.blockSize)
      }
      guard let inode else { continue }
      if decision == .sparedDirectory {
        survey.register(inode)
        continue
      }
      guard inode.mode != 0, isInUse(index) == true || inode.links > 0 else { continue }
      try survey.visit(inode, system)
    }
  }
}
