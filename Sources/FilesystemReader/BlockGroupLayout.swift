import CExt2fs
import SpaceModel

/// Where one block group keeps its structures, in blocks, and which of them were ever written.
///
/// A structure whose place cannot be is left out.
struct BlockGroupLayout {
  let group: UInt32
  var superblock: UInt64?
  /// Copies of the group descriptors.
  var descriptors: [Range<UInt64>] = []
  var reservedDescriptors: Range<UInt64>?
  var blockBitmap: UInt64?
  var inodeBitmap: UInt64?
  var inodeTable: Range<UInt64>?
  /// Its content cannot be zero: some block of the group is used, or its place in the last group is padded with ones.
  var blockBitmapIsWritten = false
  var inodeBitmapIsWritten = false
  /// No inode of it is in use, whatever lies where its bitmap would (`EXT4_BG_INODE_UNINIT`).
  var hasNoInodes = false

  init(_ fs: ext2_filsys, group: UInt32, blockCount: UInt64) {
    self.group = group
    let super_ = fs.pointee.super.pointee
    func range(_ start: UInt64, _ count: UInt64) -> Range<UInt64>? {
      let (end, overflow) = start.addingReportingOverflow(count)
      return start > 0 && count > 0 && !overflow && end <= blockCount ? start..<end : nil
    }
    let first = UInt64(ext2fs_group_first_block2(fs, group))
    if ext2fs_bg_has_super(fs, group) != 0, first < blockCount { superblock = first }
    var old: blk64_t = 0
    var new: blk64_t = 0
    _ = ext2fs_super_and_bgd_loc2(fs, group, nil, &old, &new, nil)
    let hasMetaGroups = ext2fs_has_feature_meta_bg(fs.pointee.super) != 0
    let oldCount = UInt64(hasMetaGroups ? super_.s_first_meta_bg : UInt32(clamping: fs.pointee.desc_blocks))
    if old > 0, let copies = range(old, oldCount) { descriptors.append(copies) }
    if new > 0, let copy = range(new, 1) { descriptors.append(copy) }
    if old > 0, ext2fs_has_feature_resize_inode(fs.pointee.super) != 0 {
      reservedDescriptors = range(old.addingClamped(oldCount), UInt64(super_.s_reserved_gdt_blocks))
    }
    blockBitmap = range(ext2fs_block_bitmap_loc(fs, group), 1)?.lowerBound
    inodeBitmap = range(ext2fs_inode_bitmap_loc(fs, group), 1)?.lowerBound
    inodeTable = range(ext2fs_inode_table_loc(fs, group), UInt64(fs.pointee.inode_blocks_per_group))

    let hasFlags = ext2fs_has_group_desc_csum(fs) != 0
    let isBlockUninit = hasFlags && ext2fs_bg_flags_test(fs, group, UInt16(EXT2_BG_BLOCK_UNINIT)) != 0
    hasNoInodes = hasFlags && ext2fs_bg_flags_test(fs, group, UInt16(EXT2_BG_INODE_UNINIT)) != 0
    let clusters = UInt64(ext2fs_group_blocks_count(fs, group))
    blockBitmapIsWritten = !isBlockUninit && UInt64(ext2fs_bg_free_blocks_count(fs, group)) < clusters
    inodeBitmapIsWritten = !hasNoInodes && ext2fs_bg_free_inodes_count(fs, group) < super_.s_inodes_per_group
  }

  var isComplete: Bool { blockBitmap != nil && inodeBitmap != nil && inodeTable != nil }

  /// All blocks of these structures.
  var blocks: [Range<UInt64>] {
    let single = [superblock, blockBitmap, inodeBitmap].compactMap { $0.map { $0..<$0 + 1 } }
    return single + descriptors + [reservedDescriptors, inodeTable].compactMap(\.self)
  }
}
