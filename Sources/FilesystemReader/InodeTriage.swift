import LinuxStorage
import SpaceModel

/// Spares the walk of those inodes that own nothing in doubt.
///
/// Where no data was read, all there is to find are the owners of used blocks in holes. Most inodes name all of their
/// blocks themselves. Of the others the nodes of the block map are looked at together, in the order they lie, until
/// each hole has its owner.
final class InodeTriage {
  private let survey: BlockOwnerSurvey
  private let system: SystemInodes
  private let blockSize: UInt64
  private let blockCount: UInt64
  private let doubtful: DoubtfulRanges
  /// Used blocks in holes whose owner is looked for.
  private let wanted: [ByteRange]
  private var nodes: [MapNode] = []
  /// What lies at the nodes that are looked at.
  private var room: [UInt8] = []
  private var nodesLeft: UInt64

  init(_ survey: BlockOwnerSurvey, _ system: SystemInodes, wanted: [ByteRange]) {
    self.survey = survey
    self.system = system
    self.wanted = wanted
    doubtful = survey.doubtful
    blockSize = survey.filesystem.blockSize
    blockCount = survey.filesystem.superblock.blockCount
    nodesLeft = blockCount
  }

  enum Decision {
    /// It owns nothing in doubt, or that is still to be seen.
    case spared
    /// The same, and it is a directory.
    case sparedDirectory
    case walk
  }

  func decide(_ number: UInt32, _ bytes: UnsafeRawBufferPointer) -> Decision {
    let role = system.role(of: number)
    guard role == .none || role == .root else { return .walk }
    let glance = InodeGlance(number, bytes, blockSize: blockSize)
    let known = nodes.count
    if glance.touches(doubtful, blockCount: blockCount, nodes: &nodes) {
      nodes.removeLast(nodes.count - known)
      return .walk
    }
    if glance.type == 0x4000 { return .sparedDirectory }
    survey.inodes.append((number, glance.blocks))
    return .spared
  }

  /// Nodes that are looked at before it is asked whether anything is still to be found.
  private static let batch = 512

  /// Looks at the maps that could not be judged yet, and walks those inodes that own something in doubt.
  ///
  /// - Parameter read: Reads an inode again.
  func finish(
    _ isCancelled: () -> Bool, read: (UInt32) throws(StorageError) -> InodeRecord?
  ) throws(StorageError) {
    nodes.sort { $0.block < $1.block }
    var walked: Set<UInt32> = []
    for start in stride(from: 0, to: nodes.count, by: Self.batch) {
      if isCancelled() {
        throw StorageError(
          .cancelled, operation: "read", path: survey.filesystem.source.path, message: "it was cancelled")
      }
      if DoubtfulRanges.subtract(ByteRange.union(survey.claimedHoles), from: wanted).isEmpty { return }
      var owners: Set<UInt32> = []
      try look(at: nodes[start..<min(start + Self.batch, nodes.count)], &owners, depth: 0)
      for number in owners.subtracting(walked).sorted() {
        if let inode = try read(number) { try survey.visit(inode, system, isKnown: true) }
      }
      walked.formUnion(owners)
    }
  }

  /// - Parameters:
  ///   - nodes: At most a batch, in the order they lie.
  ///   - owners: Gets the inodes of those with something in doubt.
  private func look(
    at nodes: ArraySlice<MapNode>, _ owners: inout Set<UInt32>, depth: Int
  ) throws(StorageError) {
    let filesystem = survey.filesystem
    let blockSize = Int(filesystem.blockSize)
    filesystem.willReadBlocks(nodes.map(\.block))
    var below: [MapNode] = []
    var index = nodes.startIndex
    while index < nodes.endIndex {
      // Nodes that were written one after the other lie together.
      let first = nodes[index].block
      var end = index + 1
      while end < nodes.endIndex, end - index < 64, nodes[end].block == first + UInt64(end - index) { end += 1 }
      let count = (end - index) * blockSize
      if room.count != count { room = [UInt8](repeating: 0, count: count) }
      let isWhole = try filesystem.source.fill(&room, at: first * filesystem.blockSize) == count
      for (place, node) in nodes[index..<end].enumerated() where !owners.contains(node.inode) {
        // An indirect block that leads back to itself; the walk will say so.
        let isSpent = nodesLeft == 0 || depth > 5
        nodesLeft -= min(1, nodesLeft)
        let touches = room.withUnsafeBytes { bytes in
          node.touches(
            UnsafeRawBufferPointer(rebasing: bytes[place * blockSize..<(place + 1) * blockSize]), doubtful,
            blockCount: blockCount, below: &below)
        }
        if touches || isSpent || !isWhole { owners.insert(node.inode) }
      }
      index = end
    }
    below = below.filter { !owners.contains($0.inode) }.sorted { $0.block < $1.block }
    for start in stride(from: 0, to: below.count, by: Self.batch) {
      try look(at: below[start..<min(start + Self.batch, below.count)], &owners, depth: depth + 1)
    }
  }
}
