import CExt2fs
import LinuxStorage
import SpaceModel

/// Walks the block map of one inode and tells every block that it claims, its own nodes included.
///
/// libext2fs's iterators stop at a node that is not there; here a node of zeros is told as lost and the walk goes on.
struct InodeBlockMap {
  /// A run of blocks that an inode claims.
  enum Claim {
    /// `count` blocks from `block` on, at block `logical` of the file.
    case data(block: UInt64, logical: UInt64, count: UInt64, isUnwritten: Bool)
    /// A node of the map.
    case node(block: UInt64)
    /// A node of the map that reads as zeros, and the blocks of the file that only it could tell.
    case lostNode(block: UInt64, logical: UInt64, count: UInt64)
    /// A node or entry that contradicts itself, as a clause.
    case contradiction(String)

    fileprivate var blocks: UInt64 {
      switch self {
      case .data(_, _, let count, _): count
      case .node, .lostNode: 1
      case .contradiction: 0
      }
    }
  }

  let blockSize: UInt64
  let blockCount: UInt64
  private let filesystem: ExtFilesystem

  init(_ filesystem: ExtFilesystem) {
    self.filesystem = filesystem
    blockSize = filesystem.blockSize
    blockCount = filesystem.superblock.blockCount
  }

  private func read(_ block: UInt64) throws(StorageError) -> [UInt8] { try filesystem.blockBytes(block) }

  private static let directBlocks = 12

  /// - Throws: ``StorageError`` `.corrupt` also where more blocks are claimed than there are: a node that points to itself
  ///   would claim 2^30 of them.
  func walk(_ inode: InodeRecord, _ claim: (Claim) throws(StorageError) -> Void) throws(StorageError) {
    var claimed: UInt64 = 0
    try walkAll(inode) { (found) throws(StorageError) in
      claimed = claimed.addingClamped(found.blocks)
      guard claimed <= blockCount else {
        throw StorageError(
          .corrupt, operation: "read the block map of inode \(inode.number) in", path: filesystem.source.path,
          message: "it claims more blocks than the filesystem has", hint: "Check the filesystem with e2fsck -fn.")
      }
      try claim(found)
    }
  }

  private func walkAll(_ inode: InodeRecord, _ claim: (Claim) throws(StorageError) -> Void) throws(StorageError) {
    if inode.usesExtents {
      try walkExtents(inode.map, depth: nil, logical: 0, limit: 1 << 32, claim)
    } else {
      try walkPointers(inode.map, claim)
    }
  }

  // MARK: Extent trees

  /// - Parameters:
  ///   - depth: What the parent says of this node; `nil` at the root.
  ///   - limit: Where the file's next node begins.
  private func walkExtents(
    _ node: [UInt8], depth expected: Int?, logical: UInt64, limit: UInt64,
    _ claim: (Claim) throws(StorageError) -> Void
  ) throws(StorageError) {
    let header = node.withUnsafeBytes { ExtentEntry.header(of: $0) }
    guard let (depth, count) = header, depth <= 5, expected == nil || depth == expected else {
      return try claim(.contradiction("a node of its extent tree is none"))
    }
    let entries = node.withUnsafeBytes { bytes in
      (0..<count).map { ExtentEntry(bytes, $0, isLeaf: depth == 0) }
    }
    var position = logical
    if depth > 0, expected != nil { filesystem.willReadBlocks(entries.map(\.block)) }
    for (index, entry) in entries.enumerated() {
      let (start, block) = (entry.logical, entry.block)
      guard start >= position, start < limit else {
        return try claim(.contradiction("its extents overlap or go backwards"))
      }
      if depth == 0 {
        guard entry.count > 0, isInside(block, entry.count), start + entry.count <= limit else {
          return try claim(.contradiction("an extent lies outside of the filesystem"))
        }
        try claim(.data(block: block, logical: start, count: entry.count, isUnwritten: entry.isUnwritten))
        position = start + entry.count
      } else {
        let end = index + 1 < count ? entries[index + 1].logical : limit
        guard isInside(block, 1), end > start, end <= limit else {
          return try claim(.contradiction("a node of its extent tree lies outside of the filesystem"))
        }
        let child = try read(block)
        if child.isZero {
          try claim(.lostNode(block: block, logical: start, count: end - start))
        } else {
          try claim(.node(block: block))
          try walkExtents(child, depth: depth - 1, logical: start, limit: end, claim)
        }
        position = end
      }
    }
  }

  // MARK: Direct and indirect blocks

  private func walkPointers(_ map: [UInt8], _ claim: (Claim) throws(StorageError) -> Void) throws(StorageError) {
    var run = PointerRun()
    for index in 0..<Self.directBlocks { try add(map.word(index * 4), UInt64(index), &run, claim) }
    let perBlock = blockSize / 4
    var logical = UInt64(Self.directBlocks)
    var span = perBlock
    for level in 1...3 {
      try walkIndirect(map.word((Self.directBlocks + level - 1) * 4), level, logical, span, &run, claim)
      logical += span
      span = span.multipliedClamped(by: perBlock)
    }
    try run.flush(claim)
  }

  /// - Parameter span: How many blocks of the file this pointer stands for.
  private func walkIndirect(
    _ pointer: UInt32, _ level: Int, _ logical: UInt64, _ span: UInt64, _ run: inout PointerRun,
    _ claim: (Claim) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard pointer != 0 else { return }
    guard isInside(UInt64(pointer), 1) else {
      return try claim(.contradiction("an indirect block lies outside of the filesystem"))
    }
    try run.flush(claim)
    let node = try read(UInt64(pointer))
    if node.isZero { return try claim(.lostNode(block: UInt64(pointer), logical: logical, count: span)) }
    try claim(.node(block: UInt64(pointer)))
    let below = span / (blockSize / 4)
    if level > 1 { filesystem.willReadBlocks((0..<node.count / 4).map { UInt64(node.word($0 * 4)) }) }
    var at = logical
    for index in 0..<node.count / 4 {
      let entry = node.word(index * 4)
      if level == 1 {
        try add(entry, at, &run, claim)
      } else {
        try walkIndirect(entry, level - 1, at, below, &run, claim)
      }
      at += max(1, below)
    }
  }

  private func add(
    _ pointer: UInt32, _ logical: UInt64, _ run: inout PointerRun, _ claim: (Claim) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard pointer != 0 else { return }
    guard isInside(UInt64(pointer), 1) else {
      return try claim(.contradiction("a block lies outside of the filesystem"))
    }
    if run.count > 0, run.block + run.count == UInt64(pointer), run.logical + run.count == logical {
      run.count += 1
      return
    }
    try run.flush(claim)
    run = PointerRun(block: UInt64(pointer), logical: logical, count: 1)
  }

  private func isInside(_ block: UInt64, _ count: UInt64) -> Bool {
    let (end, overflow) = block.addingReportingOverflow(count)
    return block > 0 && !overflow && end <= blockCount
  }

  /// Single blocks, joined.
  private struct PointerRun {
    var block: UInt64 = 0
    var logical: UInt64 = 0
    var count: UInt64 = 0

    mutating func flush(_ claim: (Claim) throws(StorageError) -> Void) throws(StorageError) {
      guard count > 0 else { return }
      let taken = count
      count = 0
      try claim(.data(block: block, logical: logical, count: taken, isUnwritten: false))
    }
  }
}

extension [UInt8] {
  var isZero: Bool { withUnsafeBytes(\.isZero) }
}

extension UnsafeRawBufferPointer {
  var isZero: Bool {
    var index = 0
    while index + 8 <= count {
      if loadUnaligned(fromByteOffset: index, as: UInt64.self) != 0 { return false }
      index += 8
    }
    return self[index...].allSatisfy { $0 == 0 }
  }
}
