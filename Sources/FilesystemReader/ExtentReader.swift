import CExt2fs
import LinuxStorage
import SpaceModel

/// Reads the map of one inode: its extent tree, or the direct and indirect blocks of ext2 and ext3.
struct ExtentReader {
  private let filesystem: ExtFilesystem
  private let path: FilePath

  init(_ filesystem: ExtFilesystem, path: FilePath) {
    self.filesystem = filesystem
    self.path = path
  }

  /// - Parameter inlineBytes: How much of the file its inode holds; `nil` where it has blocks instead. A file that was made
  ///   longer by ftruncate(2) stays inline, and what the inode does not hold is a hole.
  func map(
    inode number: UInt32, _ inode: ext2_inode, size: UInt64, inlineBytes: Int?
  ) throws(StorageError) -> ExtentMap {
    var map = ExtentMap(apparentSize: size, source: .filesystem)
    if let inlineBytes {
      // Blocks of a file have numbers of 32 bits.
      guard size <= filesystem.blockSize << 32 else { throw contradiction("it is larger than a file can be") }
      try add(Extent(start: 0, length: UInt64(inlineBytes), physical: nil, flags: .inline), to: &map)
    } else if inode.i_flags & UInt32(bitPattern: EXT4_EXTENTS_FL) != 0 {
      try readTree(number, inode, &map)
    } else {
      try readBlocks(number, inode, &map)
    }
    return map
  }

  private func readTree(_ number: UInt32, _ inode: ext2_inode, _ map: inout ExtentMap) throws(StorageError) {
    var inode = inode
    var handle: ext2_extent_handle_t?
    var code = ext2fs_extent_open2(filesystem.fs, number, &inode, &handle)
    guard code == 0, let handle else { throw failure(code) }
    defer { ext2fs_extent_free(handle) }
    var operation = EXT2_EXTENT_ROOT
    // A tree has no more index nodes than what holds it has blocks, and a leaf that is visited again does not ascend.
    var steps = filesystem.source.size / filesystem.blockSize &* 2 &+ 1024
    var extent = ext2fs_extent()
    while true {
      code = ext2fs_extent_get(handle, operation, &extent)
      if code == errcode_t(EXT2_ET_EXTENT_NO_NEXT) || code == errcode_t(EXT2_ET_NO_CURRENT_NODE) { return }
      guard code == 0 else { throw failure(code) }
      operation = EXT2_EXTENT_NEXT
      guard extent.e_flags & UInt32(EXT2_EXTENT_FLAGS_LEAF) != 0 else {
        steps -= 1
        guard steps > 0 else { throw contradiction("its extent tree goes in circles") }
        continue
      }
      try add(
        block: extent.e_pblk, at: extent.e_lblk, count: UInt64(extent.e_len),
        flags: extent.e_flags & UInt32(EXT2_EXTENT_FLAGS_UNINIT) != 0 ? .unwritten : [], &map)
    }
  }

  private func readBlocks(_ number: UInt32, _ inode: ext2_inode, _ map: inout ExtentMap) throws(StorageError) {
    // A symbolic link or an empty file keeps no blocks.
    guard inode.i_blocks != 0 else { return }
    let walk = BlockWalk(reader: self, map: map)
    let context = Unmanaged.passUnretained(walk).toOpaque()
    let code = withExtendedLifetime(walk) {
      ext2fs_block_iterate3(
        filesystem.fs, number, BLOCK_FLAG_DATA_ONLY | BLOCK_FLAG_READ_ONLY, nil,
        { _, block, logical, _, _, context in
          guard let block, let context, logical >= 0 else { return 0 }
          let walk = Unmanaged<BlockWalk>.fromOpaque(context).takeUnretainedValue()
          return walk.add(block.pointee, at: UInt64(logical)) ? 0 : BLOCK_ABORT
        }, context)
    }
    if let failure = walk.failure { throw failure }
    guard code == 0 else { throw failure(code) }
    try walk.finish()
    if let failure = walk.failure { throw failure }
    map = walk.map
  }

  /// Joins single blocks into extents while libext2fs walks them.
  private final class BlockWalk {
    let reader: ExtentReader
    var map: ExtentMap
    var failure: StorageError?
    private var run: (block: UInt64, logical: UInt64, count: UInt64)?
    private var blocksLeft: UInt64

    init(reader: ExtentReader, map: ExtentMap) {
      self.reader = reader
      self.map = map
      blocksLeft = reader.filesystem.superblock.blockCount
    }

    func add(_ block: UInt64, at logical: UInt64) -> Bool {
      // An indirect block that points to itself maps more blocks than there are.
      guard blocksLeft > 0 else {
        failure = reader.contradiction("its indirect blocks go in circles")
        return false
      }
      blocksLeft -= 1
      if let last = run, last.block + last.count == block, last.logical + last.count == logical {
        run?.count += 1
        return true
      }
      do throws(StorageError) { try finish() } catch {
        failure = error
        return false
      }
      run = (block, logical, 1)
      return true
    }

    func finish() throws(StorageError) {
      guard let run else { return }
      self.run = nil
      try reader.add(block: run.block, at: run.logical, count: run.count, flags: [], &map)
    }
  }

  private func add(
    block: UInt64, at logical: UInt64, count: UInt64, flags: Extent.Flags, _ map: inout ExtentMap
  ) throws(StorageError) {
    let (end, overflow) = block.addingReportingOverflow(count)
    let limit = filesystem.superblock.blockCount
    guard count > 0 else { return }
    guard !overflow, block > 0 || filesystem.blockSize > 1024, end <= limit else {
      throw contradiction("an extent lies at block \(block), outside of the filesystem's \(limit) blocks")
    }
    let size = filesystem.blockSize
    let (start, tooFar) = logical.multipliedReportingOverflow(by: size)
    guard !tooFar else { throw contradiction("an extent lies beyond the largest offset") }
    try add(Extent(start: start, length: count * size, physical: block * size, flags: flags), to: &map)
  }

  private func add(_ extent: Extent, to map: inout ExtentMap) throws(StorageError) {
    do { try map.append(extent) } catch {
      throw contradiction("its extents overlap or go backwards at byte \(error.extent.start)")
    }
  }

  private func contradiction(_ message: String) -> StorageError {
    StorageError(
      .corrupt, operation: "read extents of", path: path, message: message,
      hint: "Check the filesystem with e2fsck -fn.")
  }

  private func failure(_ code: errcode_t) -> StorageError { filesystem.error(code, "read extents of", path) }
}
