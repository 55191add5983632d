import CExt2fs
import LinuxStorage
import SpaceModel

/// One block of a directory: entries one behind the other (`struct ext4_dir_entry_2`). An index block of a hashed directory
/// looks like one empty entry.
struct DirectoryBlock {
  struct Entry {
    var inode: UInt32
    /// As it stands there; no file can have every such name.
    var name: [UInt8]
    /// `EXT4_FT_DIR` where directories tell (the feature filetype).
    var isDirectory: Bool
  }

  /// Those in use but `.` and `..`, up to the first that is none.
  private(set) var entries: [Entry] = []
  /// They fill the block.
  private(set) var isWhole = true

  init(_ bytes: [UInt8]) {
    var at = 0
    while at + 8 <= bytes.count {
      var length = Int(bytes.half(at + 4))
      // A whole block of 64 KiB does not fit 16 bits (ext4_rec_len_from_disk).
      if length == 0 || length == 65_535, bytes.count == 65_536 { length = 65_536 }
      let nameLength = Int(bytes[at + 6])
      guard length >= 8, length % 4 == 0, at + length <= bytes.count, 8 + nameLength <= length else {
        isWhole = false
        return
      }
      let inode = bytes.word(at)
      let name = bytes[at + 8..<at + 8 + nameLength]
      if inode != 0, nameLength > 0, !name.elementsEqual([0x2E]), !name.elementsEqual([0x2E, 0x2E]) {
        entries.append(Entry(inode: inode, name: Array(name), isDirectory: bytes[at + 7] == 2))
      }
      at += length
    }
  }
}

extension ExtFilesystem {
  /// The names in those blocks of a directory that can be read; what libext2fs lists ends at the first that cannot.
  ///
  /// - Throws: ``StorageError`` where its inode or its map cannot be read at all.
  func survivingNames(
    ofDirectory number: UInt32, path: FilePath, limit: Int = WalkLimit.namesOfDirectory
  ) throws(StorageError) -> [(name: FilePath, inode: UInt32)] {
    let perGroup = fs.pointee.super.pointee.s_inodes_per_group
    let (group, index) = ((number - 1) / perGroup, UInt64((number - 1) % perGroup))
    let table = UInt64(ext2fs_inode_table_loc(fs, group))
    let size = Int(superblock.inodeSize)
    let record = try source.bytes(
      at: table.multipliedClamped(by: blockSize).addingClamped(index * superblock.inodeSize), count: size)
    guard record.count == size else { return [] }
    let inode = record.withUnsafeBytes { InodeRecord(number: number, bytes: $0, blockSize: blockSize) }
    guard inode.kind == .directory, inode.hasBlockMap else { return [] }
    let last = inode.size.addingClamped(blockSize - 1) / blockSize
    var names: [(name: FilePath, inode: UInt32)] = []
    let map = InodeBlockMap(blockSize: blockSize, blockCount: superblock.blockCount) {
      (block) throws(StorageError) in try self.blockBytes(block)
    }
    try map.walk(inode) { (claim) throws(StorageError) in
      guard case .data(let first, let logical, let count, false) = claim, logical < last else { return }
      for block in first..<first + min(count, last - logical) where names.count < limit {
        for entry in DirectoryBlock(try self.blockBytes(block)).entries {
          guard !entry.name.contains(0), !entry.name.contains(0x2F) else { break }
          names.append((FilePath(bytes: entry.name), entry.inode))
        }
      }
    }
    return names
  }
}
