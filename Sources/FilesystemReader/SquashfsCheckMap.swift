import LinuxStorage
import SpaceModel

/// Which stored blocks the files of a squashfs are made of.
struct SquashfsCheckMap {
  struct File {
    var path: FilePath
    var size: UInt64
  }

  /// A file's use of a stored block.
  struct Use {
    var block: SquashfsBlock
    /// Index into ``files``; `nil`: a fragment that no file was found for.
    var file: Int32?
    /// The part of the file it holds, half-open.
    var range: ByteRange
    /// Bytes it must unpack to: exactly, or with a fragment at least.
    var length: Int
    var isFragment: Bool
  }

  private(set) var files: [File] = []
  private(set) var uses: [Use] = []
  /// Inodes that a path leads to.
  private(set) var reachedInodes = 0
  /// Names whose inodes, and directories that cannot be read.
  private(set) var unreadable: [FilePath] = []
  private var seen: Set<UInt64> = []

  /// 1 GiB of this list; an image of 3 GiB in blocks of 4 KiB has 800,000.
  private static let mostUses = 16 << 20

  init(_ tree: SquashfsTreeContents) throws(StorageError) {
    var stack: [(node: UInt64, path: FilePath)] = []
    do throws(StorageError) {
      stack = [(try tree.top().node, "/")]
      reachedInodes = 1
    } catch {
      try Self.passOver(error)
      unreadable.append("/")
    }
    var namesLeft = WalkLimit.names
    while let (node, path) = stack.popLast() {
      let entries: [TreeRecord]
      do throws(StorageError) { entries = try tree.entries(node, at: path, withAttributes: false) } catch {
        try Self.passOver(error)
        unreadable.append(path)
        continue
      }
      namesLeft -= entries.count
      guard namesLeft >= 0, path.bytes.count <= WalkLimit.path else {
        throw tree.corrupt("its directories go on for ever")
      }
      for entry in entries {
        let below = path.appending(entry.name)
        guard entry.kind != nil else {
          unreadable.append(below)
          continue
        }
        // Names of one inode share its blocks.
        guard seen.insert(entry.node).inserted else { continue }
        reachedInodes += 1
        if entry.kind == .directory { stack.append((entry.node, below)) }
        if entry.kind == .file { try add(entry, below, tree) }
      }
    }
  }

  private mutating func add(_ entry: TreeRecord, _ path: FilePath, _ tree: SquashfsTreeContents) throws(StorageError) {
    let index = Int32(clamping: files.count)
    let stored: SquashfsTreeContents.StoredFile
    do throws(StorageError) { stored = try tree.stored(entry.node) } catch {
      try Self.passOver(error)
      unreadable.append(path)
      return
    }
    files.append(File(path: path, size: entry.size))
    var at = stored.start
    var offset: UInt64 = 0
    for size in stored.sizes {
      let block = SquashfsBlock(start: at, size: size)
      let range = ByteRange(start: offset, end: min(entry.size, offset + tree.blockSize))
      // One of length 0 is a block of zeros that is not stored.
      if block.length > 0 {
        uses.append(Use(block: block, file: index, range: range, length: Int(range.length), isFragment: false))
      }
      at = at.addingClamped(UInt64(block.length))
      offset = range.end
    }
    if let fragment = stored.fragment, offset < entry.size {
      let range = ByteRange(start: offset, end: entry.size)
      uses.append(
        Use(
          block: fragment, file: index, range: range,
          length: Int(clamping: range.length.addingClamped(UInt64(stored.fragmentOffset))), isFragment: true))
    }
    guard uses.count <= Self.mostUses else {
      throw StorageError(
        .unsupported, operation: SquashfsImage.operation, path: tree.path,
        message: "its files have more than \(Self.mostUses) blocks")
    }
  }

  /// Adds the fragments that no file leads to, and puts all in the order they are stored.
  mutating func finish(_ tree: SquashfsTreeContents) throws(StorageError) {
    for index in 0..<tree.fragmentCount {
      do throws(StorageError) {
        let block = try tree.fragment(UInt32(index))
        if block.length > 0 {
          uses.append(Use(block: block, file: nil, range: ByteRange(start: 0, end: 0), length: 0, isFragment: true))
        }
      } catch {
        try Self.passOver(error)
        return uses.sort { $0.block.start < $1.block.start }
      }
    }
    uses.sort { $0.block.start < $1.block.start }
  }

  /// An error of the disk is not one of the image.
  private static func passOver(_ error: StorageError) throws(StorageError) {
    if error.code == .io, error.cause != nil { throw error }
  }
}
