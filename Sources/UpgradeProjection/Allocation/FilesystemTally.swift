import SpaceModel

/// What decides how an ext directory grows.
struct DirectoryForm: Hashable {
  var blockBytes: Int
  var hasChecksums: Bool
}

/// A tree on one filesystem, all but its attributes.
struct FilesystemTally {
  let filesystem: TreeFilesystem
  private let unit: UInt64
  /// ext4's block; smaller than the unit on bigalloc, whose blocks are taken for 4 KiB.
  private let block: UInt64
  private var fileUnits: UInt64 = 0
  private var mapBytes: UInt64 = 0
  private var directoryUnits: UInt64 = 0
  /// Those of them in directories with an index.
  private var indexedUnits: UInt64 = 0
  private var linkUnits: UInt64 = 0
  private var pieces = 0.0

  init(_ filesystem: TreeFilesystem) {
    self.filesystem = filesystem
    unit = UInt64(clamping: max(filesystem.unitBytes.bytes, 512))
    block = filesystem.kind == .ext4 ? min(unit, 4096) : unit
  }

  /// `nil` where directories are no ext directories.
  var directoryForm: DirectoryForm? {
    switch filesystem.kind {
    case .ext4: DirectoryForm(blockBytes: Int(clamping: block), hasChecksums: true)
    case .ext2: DirectoryForm(blockBytes: Int(clamping: min(block, 65536)), hasChecksums: false)
    case .xfs, .btrfs: nil
    }
  }

  mutating func add(_ directory: RootTreeDirectory, directoryBlocks: UInt64) {
    switch filesystem.kind {
    case .ext4, .ext2:
      let units = divideUp(directoryBlocks.multipliedClamped(by: block), unit)
      directoryUnits = directoryUnits.addingClamped(units)
      if directoryBlocks > 1 { indexedUnits = indexedUnits.addingClamped(units) }
      // Directories get their blocks one by one, between those of files.
      addMap(of: directoryBlocks, run: 4)
    case .xfs, .btrfs:
      mapBytes = mapBytes.addingClamped(OtherFilesystems.metadataBytes(directory, on: filesystem.kind, unit: unit))
    }
    for entry in directory.entries {
      switch entry.kind {
      case .file: addFile(entry.size)
      case .symbolicLink: addLink(entry.size)
      case .directory, .special: break
      }
    }
  }

  private mutating func addFile(_ size: UInt64) {
    if filesystem.kind == .btrfs, size <= OtherFilesystems.btrfsInlineBytes { return }
    let units = divideUp(size, unit)
    fileUnits = fileUnits.addingClamped(units)
    addMap(of: divideUp(size, block), run: Self.fileRun)
    pieces += Self.pieces(blocks: divideUp(size, block))
  }

  /// Pieces of a file, as the allocator of ext2/3/4 was seen to make them: files of up to 16 blocks
  /// (`mb_stream_req`) are packed one behind the other; of a larger one each doubling gives one piece more.
  static func pieces(blocks: UInt64) -> Double {
    guard blocks > 16 else { return 0 }
    var whole = 1.0
    var rest = Double(blocks) / 48
    while rest >= 2 {
      rest /= 2
      whole += 1
    }
    return whole + max(0, rest - 1)
  }

  /// Blocks of a file in one piece. The kernel's allocator takes up to 8 MiB of 4 KiB blocks at a time, and the pieces of
  /// a copy to an almost empty partition mostly touch; on one that is nearly full they do not.
  private static let fileRun: UInt64 = 2048

  private mutating func addMap(of blocks: UInt64, run: UInt64) {
    switch filesystem.kind {
    case .ext4:
      let count = BlockMapping.extentBlocks(mapping: blocks, blockBytes: block, run: run)
      mapBytes = mapBytes.addingClamped(count.multipliedClamped(by: unit))
    case .ext2:
      let count = BlockMapping.indirectBlocks(mapping: blocks, blockBytes: block)
      mapBytes = mapBytes.addingClamped(count.multipliedClamped(by: unit))
    case .xfs, .btrfs: break
    }
  }

  private mutating func addLink(_ length: UInt64) {
    switch filesystem.kind {
    // 60 bytes of i_block, one of them for the end.
    case .ext4, .ext2: if length >= 60 { linkUnits += 1 }
    // An inode of 512 bytes has some 300 for the target.
    case .xfs: if length >= 300 { linkUnits += 1 }
    case .btrfs: break
    }
  }

  func demand(_ attributes: AttributePlacement) -> TreeDemand {
    // Where many directories hold the same names, they all split alike, by a hash that is another on each filesystem:
    // such trees were seen to differ by 8 % either way.
    let directories = directoryUnits.addingClamped(indexedUnits / 16)
    func bytes(_ units: UInt64) -> ByteCount { ByteCount(clamping: units.multipliedClamped(by: unit)) }
    return TreeDemand(
      filesystem: filesystem, attributes: attributes.rule, fileBytes: bytes(fileUnits),
      mapBytes: ByteCount(clamping: mapBytes), directoryBytes: bytes(directories), linkBytes: bytes(linkUnits),
      attributeBytes: bytes(UInt64(clamping: attributes.blocks)),
      pieces: Int64(clamping: UInt64(pieces.rounded())))
  }
}
