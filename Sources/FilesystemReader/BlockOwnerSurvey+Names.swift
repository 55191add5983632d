import CExt2fs
import LinuxStorage
import SpaceModel

extension BlockOwnerSurvey {
  /// A name leads to an inode in a block of the inode table that reads as zeros: it was in use.
  func foundLost(_ inode: UInt32) {
    guard lostInodes.insert(inode), let place = tablePlace(of: inode) else { return }
    if !notedTableBlocks.contains(place.block) { note(.inodeTable, place.block, readsAsZero: true) }
  }

  /// A name leads to an inode. Where the scan did not see it, its bit was lost, or its record, or both: a block that had
  /// been written before keeps what it held then, when a later write to it is dropped.
  func foundName(_ inode: UInt32) throws(StorageError) {
    guard !hasSpared, inode >= system.first, !visited.contains(inode), !lostInodes.contains(inode) else { return }
    guard let place = tablePlace(of: inode) else {
      lostInodes.insert(inode)
      return
    }
    let block = try filesystem.blockBytes(place.block)
    if block.isZero { return foundLost(inode) }
    let record = block.withUnsafeBytes { bytes in
      InodeRecord(
        number: inode, bytes: UnsafeRawBufferPointer(rebasing: bytes[place.offset..<place.offset + place.size]),
        blockSize: filesystem.blockSize)
    }
    guard record.mode != 0, record.links > 0 else {
      lostInodes.insert(inode)
      return
    }
    unmarkedInodes.insert(inode)
    result.isStale = true
    if !notedTableBlocks.contains(place.block) { note(.inodeTable, place.block) }
    try visit(record, system)
  }

  /// Where the record of an inode lies: the block, and in it the first byte and how many.
  private func tablePlace(of inode: UInt32) -> (block: UInt64, offset: Int, size: Int)? {
    let perGroup = filesystem.fs.pointee.super.pointee.s_inodes_per_group
    guard inode > 0, perGroup > 0 else { return nil }
    let (group, index) = ((inode - 1) / perGroup, UInt64((inode - 1) % perGroup))
    guard group < filesystem.fs.pointee.group_desc_count else { return nil }
    let table = UInt64(ext2fs_inode_table_loc(filesystem.fs, group))
    let at = index * filesystem.superblock.inodeSize
    let block = table.addingClamped(at / filesystem.blockSize)
    guard table > 0, block < filesystem.superblock.blockCount else { return nil }
    return (block, Int(at % filesystem.blockSize), Int(filesystem.superblock.inodeSize))
  }

  /// Finds the paths of what was found, and counts what no path leads to any more.
  func nameFiles(_ isCancelled: () -> Bool) throws(StorageError) {
    guard isThorough || !result.files.isEmpty || mayHideNames || !lostInodes.isEmpty else { return }
    let wanted = Set(result.files.filter { !$0.isSystem }.map(\.inode)).union(lostDirectories)
    let search = InodePathSearch(self, wanted: wanted)
    try search.run(isCancelled)
    for index in result.files.indices { result.files[index].paths = search.paths(of: result.files[index].inode) }
    for inode in lostDirectories.sorted() { result.lostDirectories += search.paths(of: inode) }
    lostInodes.forEach { inode in
      let paths = search.paths(of: inode)
      if paths.isEmpty {
        result.unreachableInodes += 1
      } else if inode == InodePathSearch.root || search.isDirectory(inode) {
        result.lostDirectories += paths
      } else {
        var file = BlockOwnership.File(inode: inode, size: nil)
        file.paths = paths
        result.files.append(file)
      }
    }
    result.lostDirectories.sort()
    for inode in inodes where !search.named.contains(inode.number) {
      result.unreachableInodes += 1
      result.unreachableBytes += UInt64(inode.blocks) * filesystem.blockSize
    }
  }

  /// Inodes that the descriptors count and that are nowhere: their bits are lost like their records, so that nothing but
  /// the count tells of them.
  func countLostInodes(_ layouts: some Collection<BlockGroupLayout>) {
    let super_ = filesystem.fs.pointee.super.pointee
    let reserved = (1..<system.first).count { !visited.contains($0) && !lostInodes.contains($0) }
    for layout in layouts where layout.isComplete && !layout.hasNoInodes {
      let free = ext2fs_bg_free_inodes_count(filesystem.fs, layout.group)
      guard free <= super_.s_inodes_per_group else { continue }
      let known =
        visited.count(inGroup: layout.group) + lostInodes.count(inGroup: layout.group)
        + (layout.group == 0 ? reserved : 0)
      result.uncountedInodes += max(0, Int(super_.s_inodes_per_group - free) - known)
    }
    result.unreachableInodes += result.uncountedInodes
  }

  /// Lays what inodes claim over what the block bitmaps call used: in a filesystem that was written whole it is the same.
  func reconcile(used: [ByteRange], fixed: [ByteRange]) {
    let claimed = ByteRange.union(owned)
    result.unownedBytes = DoubtfulRanges.subtract(ByteRange.union(claimed + fixed), from: used)
      .reduce(0) { $0.addingClamped($1.length) }
    if !DoubtfulRanges.subtract(used, from: claimed).isEmpty { result.isStale = true }
  }
}
