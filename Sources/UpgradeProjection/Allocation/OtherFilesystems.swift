import SpaceModel

/// What the metadata of a copy takes where inodes are made as they are needed. Upper bounds: such a partition is rare, and
/// free space there is an estimate itself.
enum OtherFilesystems {
  /// Files up to `max_inline` stand in a leaf of btrfs' tree.
  static let btrfsInlineBytes: UInt64 = 2048

  /// Inodes and names of one directory.
  static func metadataBytes(_ directory: RootTreeDirectory, on kind: TreeFilesystem.Kind, unit: UInt64) -> UInt64 {
    let names = directory.entries.reduce(UInt64(0)) { $0.addingClamped(UInt64($1.name.bytes.count)) }
    let count = UInt64(directory.entries.count)
    switch kind {
    case .xfs:
      // An inode is 512 bytes. A name takes 12 bytes, 8 in the hash index and 4 in the free index, and blocks are
      // two thirds full; small directories live in the inode.
      let inodes = count.multipliedClamped(by: 512)
      let data = (names.addingClamped(count.multipliedClamped(by: 24))).multipliedClamped(by: 3) / 2
      return inodes.addingClamped(data <= 256 ? 0 : divideUp(data, unit).multipliedClamped(by: unit))
    case .btrfs:
      // Inode item 185, inode reference and two directory items 145, a file's extent, its back reference and its
      // checksums 150 and 1 in a thousand; leaves are two thirds full, and all of it is there twice (DUP).
      var bytes = count.multipliedClamped(by: 330).addingClamped(names.multipliedClamped(by: 3))
      for entry in directory.entries where entry.kind == .file {
        bytes = bytes.addingClamped(150)
        bytes = bytes.addingClamped(entry.size <= btrfsInlineBytes ? entry.size : entry.size / 1000)
      }
      return bytes.multipliedClamped(by: 3)
    case .ext4, .ext2: return 0
    }
  }
}
