import CExt2fs
import LinuxStorage
import SpaceModel

extension BlockOwnerSurvey {
  /// Takes in one inode in use.
  ///
  /// - Parameter isKnown: It is in ``inodes`` already.
  func visit(_ inode: InodeRecord, _ system: SystemInodes, isKnown: Bool = false) throws(StorageError) {
    let role = system.role(of: inode.number)
    visited.insert(inode.number)
    if role == .resize { return try visitResizeInode(inode) }
    var file = BlockOwnership.File(inode: inode.number, size: inode.size)
    file.modified = inode.modified
    file.changed = inode.changed
    file.isSymbolicLink = inode.kind == .symbolicLink
    file.isSystem = role == .system || inode.isAttributeValue
    file.hasLostAttributes = noteAttributes(inode.attributeBlock, of: inode.number)

    // Without a link it waits for its last user to close it (the orphan list), and goes at the next mount.
    let isLinked = inode.links > 0
    let isNamed = (role == .none || role == .root) && isLinked && !inode.isAttributeValue
    if isNamed, !isKnown { register(inode) }
    guard inode.hasBlockMap else {
      if file.hasLostAttributes { result.files.append(file) }
      return
    }
    let contents = Contents(of: inode, role: role, isWanted: isLinked)
    try walk(inode, contents, &file)
    if inode.kind != .directory, isLinked, contents == .file,
      !file.pieces.isEmpty || !file.unmapped.isEmpty || file.hasLostAttributes
    {
      result.files.append(file)
    }
  }

  /// Takes note of an inode that a path should lead to.
  func register(_ inode: InodeRecord) {
    inodes.append((inode.number, UInt32(clamping: inode.claimedBytes / filesystem.blockSize)))
    if inode.kind == .directory { directories[inode.number] = inode }
  }

  /// What the blocks of an inode hold.
  private enum Contents {
    case file
    case directory
    case journal
    /// Nothing that anybody needs.
    case nothing

    init(of inode: InodeRecord, role: SystemInodes.Role, isWanted: Bool) {
      self =
        switch role {
        case .journal: .journal
        case .badBlocks, .resize: .nothing
        case .root, .system, .none: !isWanted ? .nothing : inode.kind == .directory ? .directory : .file
        }
    }
  }

  private func walk(
    _ inode: InodeRecord, _ contents: Contents, _ file: inout BlockOwnership.File
  ) throws(StorageError) {
    let blockSize = filesystem.blockSize
    let limit =
      inode.hasVerity
      ? UInt64.max : ByteRange(start: 0, end: inode.size).expanded(toMultipleOf: blockSize).end / blockSize
    var claimed: UInt64 = inode.attributeBlock == 0 ? 0 : 1
    var lost: [(block: UInt64, logical: UInt64, count: UInt64)] = []
    let map = InodeBlockMap(filesystem)
    try map.walk(inode) { (found) throws(StorageError) in
      switch found {
      case .contradiction(let clause):
        contradict(inode.number, clause)
      case .node(let block):
        claimed += 1
        try own(block, 1)
        claim(block, 1)
        note(.blockMap, block)
      case .lostNode(let block, let logical, let span):
        claimed += 1
        try own(block, 1)
        claim(block, 1)
        lost.append((block, logical, span))
      case .data(let block, let logical, let blocks, let isUnwritten):
        claimed = claimed.addingClamped(blocks)
        try own(block, blocks)
        if isUnwritten { file.isPreallocated = true }
        take(range(block, blocks), at: logical, contents, isUnwritten: isUnwritten, limit: limit, &file)
        if contents == .directory, !isUnwritten, file.pieces.isEmpty == false { noteDirectory(&file) }
      }
    }
    // Punching a hole may leave an indirect block without entries; then nothing that the inode counts is missing.
    guard !lost.isEmpty, inode.usesExtents || inode.claimedBytes > claimed.multipliedClamped(by: blockSize) else {
      return
    }
    for node in lost {
      note(.blockMap, node.block, readsAsZero: true)
      let part = ByteRange(
        start: node.logical.multipliedClamped(by: blockSize),
        end: node.logical.addingClamped(node.count).multipliedClamped(by: blockSize))
      if let inside = part.intersection(ByteRange(start: 0, end: inode.size)) { file.unmapped.append(inside) }
    }
    if inode.kind == .directory {
      lostDirectories.insert(inode.number)
      mayHideNames = true
    }
  }

  /// A run of data blocks: what of it is in doubt goes into the file's pieces.
  private func take(
    _ blocks: ByteRange, at logical: UInt64, _ contents: Contents, isUnwritten: Bool, limit: UInt64,
    _ file: inout BlockOwnership.File
  ) {
    let blockSize = filesystem.blockSize
    let runs = doubtful.runs(in: blocks)
    for run in runs where run.isHole { claimedHoles.append(run.range) }
    guard !isUnwritten else { return }
    switch contents {
    case .nothing:
      return
    case .journal:
      // The journal's superblock; the rest is written as it is needed.
      if logical == 0 { note(.journal, blocks.start / blockSize) }
    case .directory, .file:
      // What lies behind the size was never a part of the file.
      guard logical < limit else { return }
      let length = min(blocks.length, (limit - logical).multipliedClamped(by: blockSize))
      let inside = ByteRange(start: blocks.start, length: length)
      file.writtenBytes = file.writtenBytes.addingClamped(length)
      for run in runs {
        guard let part = run.range.intersection(inside) else { continue }
        let offset = logical.multipliedClamped(by: blockSize).addingClamped(part.start - blocks.start)
        file.pieces.append(.init(image: part, offset: offset, isHole: run.isHole))
      }
    }
  }

  /// A directory's blocks always hold an entry, if only an empty one as long as the block.
  private func noteDirectory(_ file: inout BlockOwnership.File) {
    var noted: UInt64?
    for piece in file.pieces {
      let blocks = piece.image.expanded(toMultipleOf: filesystem.blockSize)
      for block in blocks.start / filesystem.blockSize..<blocks.end / filesystem.blockSize where block != noted {
        noted = block
        if note(.directory, block) {
          lostDirectories.insert(file.inode)
          mayHideNames = true
        }
      }
    }
    file.pieces = []
  }

  /// Its blocks are the reserved group descriptors; only the block that lists them is its own.
  private func visitResizeInode(_ inode: InodeRecord) throws(StorageError) {
    let block = UInt64(inode.map.word(13 * 4))
    guard block > 0, block < filesystem.superblock.blockCount else { return }
    try own(block, 1)
    claim(block, 1)
    // Where a filesystem can hardly grow (large blocks), nothing is reserved and the list is empty.
    if filesystem.fs.pointee.super.pointee.s_reserved_gdt_blocks > 0 { note(.reservedDescriptors, block) }
  }
}

extension ExtFilesystem {
  /// A block; zeros where what holds the filesystem ends before it.
  func blockBytes(_ block: UInt64, count: UInt64 = 1) throws(StorageError) -> [UInt8] {
    let wanted = Int(count * blockSize)
    var bytes = try source.bytes(at: block * blockSize, count: wanted)
    if bytes.count < wanted { bytes += repeatElement(0, count: wanted - bytes.count) }
    return bytes
  }

  /// Says that these blocks will be read singly; see ``ByteSource/willRead(_:)``.
  func willReadBlocks(_ blocks: [UInt64]) {
    source.willRead(
      ByteRange.union(
        blocks.filter { $0 < superblock.blockCount }
          .map { ByteRange(start: $0 * blockSize, length: blockSize) }))
  }
}
