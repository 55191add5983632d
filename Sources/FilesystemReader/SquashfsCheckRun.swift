import CSquashfs
import LinuxStorage
import SpaceModel
import Synchronization

/// One check of a squashfs: metadata first, then every stored block once, in the order they lie in the image.
struct SquashfsCheckRun {
  private let source: any ByteSource
  private let holes: SquashfsCheckHoles
  private let image: SquashfsImage

  init(_ source: any ByteSource, _ holes: [ByteRange]) throws(StorageError) {
    self.source = source
    self.holes = SquashfsCheckHoles(holes)
    image = try SquashfsImage(source)
  }

  func run() throws(StorageError) -> Integrity {
    var metadata = SquashfsCheckMetadata(image, holes)
    try metadata.run()
    let tree = try SquashfsTreeContents(source)
    var map = try SquashfsCheckMap(tree)
    try map.finish(tree)
    let groups = Self.groups(map.uses)
    let outcomes = try check(groups, map.uses)
    return integrity(metadata, map, groups, outcomes, inodes: tree.inodeCount)
  }

  /// Uses of one stored block, which come one after another.
  private static func groups(_ uses: [SquashfsCheckMap.Use]) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var start = 0
    for index in 1..<max(1, uses.count) where uses[index].block.start != uses[start].block.start {
      groups.append(start..<index)
      start = index
    }
    if start < uses.count { groups.append(start..<uses.count) }
    return groups
  }

  /// Blocks that begin inside of another. No image has them, and made for it they would take for ever to unpack.
  private static func overlapping(_ groups: [Range<Int>], _ uses: [SquashfsCheckMap.Use]) -> Set<Int> {
    var found: Set<Int> = []
    var end: UInt64 = 0
    for (number, group) in groups.enumerated() {
      let block = uses[group.lowerBound].block
      if block.start < end { found.insert(number) } else { end = block.range.end }
    }
    return found
  }

  enum Outcome {
    case whole, lost
    /// Stored as it is, with a hole that may have been dug.
    case suspect
  }

  /// - Returns: What is not whole, by the group's number.
  private func check(
    _ groups: [Range<Int>], _ uses: [SquashfsCheckMap.Use]
  ) throws(StorageError) -> [Int: Outcome] {
    let work = SquashfsCheckWork(count: groups.count)
    let overlapping = Self.overlapping(groups, uses)
    let (source, holes) = (source, holes)
    WorkerThreads.run(min(2, max(1, groups.count / SquashfsCheckWork.share))) {
      do throws(StorageError) {
        let image = try SquashfsImage(source)
        let blocks = SquashfsCheckBlocks(image, holes)
        while let share = work.next() {
          for number in share {
            work.note(number, overlapping.contains(number) ? .lost : try blocks.check(uses[groups[number]]))
          }
        }
      } catch {
        work.fail(error)
      }
    }
    return try work.finish()
  }

  private func integrity(
    _ metadata: SquashfsCheckMetadata, _ map: SquashfsCheckMap, _ groups: [Range<Int>], _ outcomes: [Int: Outcome],
    inodes: Int
  ) -> Integrity {
    var damaged: [Int32: [ByteRange]] = [:]
    let stored = groups.reduce(UInt64(0)) { sum, group in
      let block = map.uses[group.lowerBound].block
      return block.isCompressed ? sum : sum.addingClamped(block.range.length)
    }
    var (lost, suspect) = (metadata.lostBytes, UInt64(0))
    for (number, outcome) in outcomes {
      let place = map.uses[groups[number].lowerBound].block.range
      if outcome == .lost { lost += place.length } else { suspect += holes.bytes(in: place) }
      for use in map.uses[groups[number]] {
        if let file = use.file { damaged[file, default: []].append(use.range) }
      }
    }
    // Links of one inode share it; more than were counted cannot be missing.
    let unreachable = max(0, inodes - map.reachedInodes)
    let isDamaged = lost > 0 || metadata.badBlocks > 0 || !map.unreadable.isEmpty || unreachable > 0
    var integrity = Integrity(
      state: isDamaged ? .damaged : suspect > 0 ? .suspect : .clean,
      reason: reason(damaged.count, metadata.badBlocks, unreachable, isDamaged, suspect > 0, stored: stored),
      checked: ["squashfs"])
    integrity.usedBytes = ByteCount(clamping: image.superblock.bytes_used)
    if isDamaged { integrity.lostBytes = ByteCount(clamping: lost) }
    if metadata.lostBytes > 0 { integrity.metadataLostBytes = ByteCount(clamping: metadata.lostBytes) }
    if suspect > 0 { integrity.dugBytes = ByteCount(clamping: suspect) }
    if unreachable > 0 { integrity.unreachableInodes = Int64(unreachable) }
    var files = damaged.map { Self.file(map.files[Int($0.key)], $0.value) }
    files += map.unreadable.map {
      var file = Integrity.File(path: $0, sizeBytes: .zero)
      file.differs = ["unreadable"]
      return file
    }
    if !files.isEmpty { integrity.files = files.sorted { $0.path < $1.path } }
    return integrity
  }

  private static func file(_ file: SquashfsCheckMap.File, _ ranges: [ByteRange]) -> Integrity.File {
    let ranges = ByteRange.union(ranges)
    var entry = Integrity.File(path: file.path, sizeBytes: ByteCount(clamping: file.size))
    entry.lostBytes = ByteCount(clamping: ranges.reduce(UInt64(0)) { $0 + $1.length })
    entry.lostRanges = ranges.prefix(64).map { [Int64(clamping: $0.start), Int64(clamping: $0.end)] }
    return entry
  }

  private func reason(
    _ files: Int, _ blocks: Int, _ unreachable: Int, _ isDamaged: Bool, _ isSuspect: Bool, stored: UInt64
  ) -> String {
    var parts: [String] = []
    if files > 0 { parts.append("\(files) file\(files == 1 ? "" : "s") cannot be unpacked whole") }
    if blocks > 0 { parts.append("\(blocks) block\(blocks == 1 ? "" : "s") of its tables cannot be unpacked") }
    if unreachable > 0 { parts.append("\(unreachable) inode\(unreachable == 1 ? "" : "s") cannot be reached") }
    if isDamaged {
      return SquashfsCheck.sentence(parts.isEmpty ? "a block cannot be unpacked" : parts.joined(separator: ", "))
    }
    if isSuspect {
      return "Blocks that are stored as they are lie in holes: zeros that were dug away, or data that was lost."
    }
    if image.hasChecksums, stored > 0 {
      return
        "Every compressed block unpacks, and its checksum is right; \(ByteCount(clamping: stored)) are stored as they "
        + "are, without any."
    }
    return image.hasChecksums
      ? "Every block unpacks, and its checksum is right."
      : "Every block unpacks to its length; its compression has no checksums."
  }
}

/// What the workers of a check share.
private final class SquashfsCheckWork: Sendable {
  static let share = 32
  private struct State {
    var next = 0
    var outcomes: [Int: SquashfsCheckRun.Outcome] = [:]
    var failure: StorageError?
  }
  private let count: Int
  private let state = Mutex(State())

  init(count: Int) { self.count = count }

  func next() -> Range<Int>? {
    state.withLock { state in
      guard state.failure == nil, state.next < count else { return nil }
      let end = min(count, state.next + Self.share)
      defer { state.next = end }
      return state.next..<end
    }
  }

  func note(_ number: Int, _ outcome: SquashfsCheckRun.Outcome) {
    guard outcome != .whole else { return }
    state.withLock { $0.outcomes[number] = outcome }
  }

  func fail(_ error: StorageError) { state.withLock { $0.failure = $0.failure ?? error } }

  func finish() throws(StorageError) -> [Int: SquashfsCheckRun.Outcome] {
    let (outcomes, failure) = state.withLock { ($0.outcomes, $0.failure) }
    if let failure { throw failure }
    return outcomes
  }
}

/// Unpacks stored blocks. Not thread-safe.
private final class SquashfsCheckBlocks {
  private let image: SquashfsImage
  private let holes: SquashfsCheckHoles
  private let unpacker: SquashfsUnpacker
  private let target: UnsafeMutableRawBufferPointer

  init(_ image: SquashfsImage, _ holes: SquashfsCheckHoles) {
    self.image = image
    self.holes = holes
    unpacker = SquashfsUnpacker(image)
    target = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(image.superblock.block_size), alignment: 16)
  }

  deinit { target.deallocate() }

  /// - Parameter uses: All of one stored block.
  func check(_ uses: ArraySlice<SquashfsCheckMap.Use>) throws(StorageError) -> SquashfsCheckRun.Outcome {
    guard let first = uses.first else { return .whole }
    let hasHole = holes.bytes(in: first.block.range) > 0
    do throws(StorageError) {
      let length = try unpacker.unpack(first.block, into: target)
      for use in uses {
        // The same place with another length contradicts itself.
        guard use.block == first.block, use.isFragment ? use.length <= length : use.length == length else {
          return .lost
        }
      }
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      return .lost
    }
    guard hasHole else { return .whole }
    if !first.block.isCompressed { return .suspect }
    return image.hasChecksums ? .whole : .lost
  }
}
