import CExt2fs
import LinuxStorage
import SpaceModel

/// Goes through the directories once, from the root, and finds the names of those inodes that matter.
final class InodePathSearch {
  private let survey: BlockOwnerSurvey
  private let filesystem: ExtFilesystem
  private let wanted: Set<UInt32>
  /// Every inode that some name leads to.
  private(set) var named: InodeSet
  private var names: [UInt32: [Name]] = [:]
  private var parents: [UInt32: Name] = [:]
  private var namesLeft = WalkLimit.names

  private struct Name {
    var directory: UInt32
    var name: [UInt8]
    /// `EXT4_FT_DIR` where directories tell (the feature filetype).
    var isDirectory: Bool
  }

  static let root: UInt32 = 2

  init(_ survey: BlockOwnerSurvey, wanted: Set<UInt32>) {
    self.survey = survey
    self.wanted = wanted
    filesystem = survey.filesystem
    named = InodeSet(perGroup: filesystem.fs.pointee.super.pointee.s_inodes_per_group)
  }

  func run(_ isCancelled: () -> Bool) throws(StorageError) {
    named.insert(Self.root)
    var stack = [Self.root]
    var seen: Set<UInt32> = [Self.root]
    while let directory = stack.popLast() {
      if isCancelled() {
        throw StorageError(.cancelled, operation: "read", path: filesystem.source.path, message: "it was cancelled")
      }
      guard let inode = survey.directories[directory] else { continue }
      var below: [UInt32] = []
      try read(inode) { (child, name) throws(StorageError) in
        named.insert(child)
        if survey.perhapsLostInodes.contains(child) { survey.foundLost(child) }
        try survey.foundName(child)
        if survey.directories[child] != nil, seen.insert(child).inserted {
          parents[child] = name
          below.append(child)
        }
        if wanted.contains(child) || survey.lostInodes.contains(child) || survey.unmarkedInodes.contains(child) {
          names[child, default: []].append(name)
        }
      }
      stack += below.reversed()
    }
  }

  /// All paths of an inode that was wanted or is lost, in byte order.
  func paths(of inode: UInt32) -> [FilePath] {
    if inode == Self.root { return ["/"] }
    return (names[inode] ?? []).compactMap(path).sorted()
  }

  /// Whether the names of an inode call it a directory.
  func isDirectory(_ inode: UInt32) -> Bool { names[inode]?.first?.isDirectory ?? false }

  private func path(_ name: Name) -> FilePath? {
    var components = [name.name]
    var directory = name.directory
    var length = name.name.count + 1
    while directory != Self.root {
      guard let parent = parents[directory] else { return nil }
      components.append(parent.name)
      length += parent.name.count + 1
      guard length <= WalkLimit.path else { return nil }
      directory = parent.directory
    }
    return FilePath(bytes: [0x2F] + components.reversed().joined(separator: [0x2F]))
  }

  // MARK: Reading a directory

  private func read(
    _ inode: InodeRecord, _ entry: (UInt32, Name) throws(StorageError) -> Void
  ) throws(StorageError) {
    guard inode.hasBlockMap else { return }
    let blockSize = filesystem.blockSize
    let limit = (inode.size.addingClamped(blockSize - 1)) / blockSize
    var runs: [(block: UInt64, count: UInt64)] = []
    let map = InodeBlockMap(blockSize: blockSize, blockCount: filesystem.superblock.blockCount) {
      (block) throws(StorageError) in try self.filesystem.blockBytes(block)
    }
    try map.walk(inode) { (claim) throws(StorageError) in
      if case .data(let block, let logical, let count, false) = claim, logical < limit {
        runs.append((block, min(count, limit - logical)))
      }
    }
    for run in runs {
      var block = run.block
      while block < run.block + run.count {
        let count = min(64, run.block + run.count - block)
        let bytes = try filesystem.blockBytes(block, count: count)
        for index in 0..<count {
          let from = Int(index * blockSize)
          try parse(Array(bytes[from..<from + Int(blockSize)]), block + index, inode.number, entry)
        }
        block += count
      }
    }
  }

  /// One block of entries.
  private func parse(
    _ bytes: [UInt8], _ block: UInt64, _ directory: UInt32, _ entry: (UInt32, Name) throws(StorageError) -> Void
  ) throws(StorageError) {
    if bytes.isZero {
      if !survey.doubtful.covers(survey.range(block)) { survey.note(.directory, block, readsAsZero: true) }
      survey.lostDirectories.insert(directory)
      survey.mayHideNames = true
      return
    }
    let content = DirectoryBlock(bytes)
    for found in content.entries {
      guard found.inode <= filesystem.fs.pointee.super.pointee.s_inodes_count, !found.name.contains(0),
        !found.name.contains(0x2F)
      else { return survey.contradict(directory, "an entry of this directory is none") }
      namesLeft -= 1
      guard namesLeft >= 0 else {
        throw StorageError(
          .corrupt, operation: "read the tree in", path: filesystem.source.path,
          message: "it holds more than \(WalkLimit.names) names", hint: "Check the filesystem with e2fsck -fn.")
      }
      try entry(found.inode, Name(directory: directory, name: found.name, isDirectory: found.isDirectory))
    }
    if !content.isWhole { survey.contradict(directory, "an entry of this directory is none") }
  }
}
