import CExt2fs
import SpaceModel
import Synchronization

/// What the superblock and group descriptors of an ext2, ext3 or ext4 filesystem say.
public struct ExtSuperblock: Hashable, Sendable {
  /// `ext2`, `ext3` or `ext4`, by features, as libblkid tells them apart.
  public var type: String
  /// `s_volume_name`; `nil` where empty.
  public var label: String?
  public var blockSize: UInt64
  /// The allocation unit: the block, or with bigalloc a cluster.
  public var clusterSize: UInt64
  /// `s_blocks_count`.
  public var blockCount: UInt64
  /// What statfs(2) leaves out of `f_blocks`: superblocks, descriptors, bitmaps, inode tables, the journal. In blocks.
  public var overheadBlocks: UInt64
  /// `s_r_blocks_count`: root's share.
  public var rootReservedBlocks: UInt64
  /// Clusters the kernel keeps from root too (`s_resv_clusters`): min(2 %, 4096), none without extents.
  public var reservedClusters: UInt64
  public var inodeSize: UInt64
  public var inodesFree: UInt64
  /// As dumpe2fs(8) names them.
  public var features: [String]
  /// The journal holds what was not written to its place yet: the filesystem is mounted, or was not unmounted.
  public var needsRecovery: Bool
  /// It has no journal and lacks the mark of a clean unmount, which the kernel takes away while it is mounted
  /// (`s_state`): it is in use, or was when it was copied. An image that an installer left so is none the worse.
  public var isInUseWithoutJournal: Bool

  /// `s_blocks_count` in bytes.
  public var size: UInt64 { blockCount &* blockSize }
  /// statfs(2)'s `f_blocks`, in bytes.
  public var capacity: UInt64 { (blockCount - min(overheadBlocks, blockCount)) &* blockSize }
  public var reservedBytes: UInt64 { reservedClusters &* clusterSize }

  /// statfs(2)'s `f_bavail` for `free` bytes (`f_bfree`).
  public func available(ofFree free: UInt64) -> UInt64 {
    let kept = rootReservedBlocks &* blockSize &+ reservedBytes
    return free > kept ? free - kept : 0
  }

  /// What root can still write: free less the reserved clusters.
  public func usable(ofFree free: UInt64) -> UInt64 { free > reservedBytes ? free - reservedBytes : 0 }
}

extension ExtSuperblock {
  init(_ fs: ext2_filsys, countsOverhead: Bool) {
    let super_ = fs.pointee.super.pointee
    blockSize = UInt64(fs.pointee.blocksize)
    blockCount = UInt64(ext2fs_blocks_count(fs.pointee.super))
    let ratioBits = UInt64(max(0, fs.pointee.cluster_ratio_bits))
    clusterSize = blockSize << ratioBits
    rootReservedBlocks = UInt64(ext2fs_r_blocks_count(fs.pointee.super))
    inodeSize = super_.s_rev_level == 0 ? 128 : UInt64(super_.s_inode_size)
    needsRecovery = ext2fs_has_feature_journal_needs_recovery(fs.pointee.super) != 0
    let isClean = Int32(fs.pointee.super.pointee.s_state) & EXT2_VALID_FS != 0
    isInUseWithoutJournal = ext2fs_has_feature_journal(fs.pointee.super) == 0 && !isClean
    let volume = super_.s_volume_name
    label = withUnsafeBytes(of: volume) { bytes in
      let name = bytes.prefix { $0 != 0 }
      return name.isEmpty ? nil : RawArgument.text(of: Array(name))
    }
    features = Self.features(super_)
    type = Self.type(super_)
    let hasExtents = ext2fs_has_feature_extents(fs.pointee.super) != 0
    // ext4_calculate_resv_clusters() in fs/ext4/super.c.
    reservedClusters = hasExtents ? min((blockCount >> ratioBits) / 50, 4096) : 0
    overheadBlocks = countsOverhead ? Self.overhead(fs) : 0
    inodesFree = (0..<fs.pointee.group_desc_count).reduce(0) { $0 + UInt64(ext2fs_bg_free_inodes_count(fs, $1)) }
  }

  /// ext4_calculate_overhead() and count_overhead() in fs/ext4/super.c. With bigalloc the kernel believes
  /// `s_overhead_clusters`; without, it always counts anew.
  private static func overhead(_ fs: ext2_filsys) -> UInt64 {
    let super_ = fs.pointee.super.pointee
    let bigalloc = ext2fs_has_feature_bigalloc(fs.pointee.super) != 0
    let ratioBits = UInt64(max(0, fs.pointee.cluster_ratio_bits))
    if bigalloc, super_.s_overhead_clusters > 0 { return UInt64(super_.s_overhead_clusters) << ratioBits }
    var blocks = UInt64(super_.s_first_data_block)
    let metaGroups = ext2fs_has_feature_meta_bg(fs.pointee.super) != 0
    for group in 0..<fs.pointee.group_desc_count {
      let hasSuper = ext2fs_bg_has_super(fs, group) != 0
      var descriptors: UInt64 = 0
      let perBlock = UInt64(fs.pointee.blocksize) / UInt64(max(32, super_.s_desc_size == 0 ? 32 : super_.s_desc_size))
      if metaGroups, perBlock > 0, UInt64(group) / perBlock >= UInt64(super_.s_first_meta_bg) {
        // The first, second and last group of a meta group hold one descriptor block each.
        let inMeta = UInt64(group) % perBlock
        descriptors = inMeta == 0 || inMeta == 1 || inMeta == perBlock - 1 ? 1 : 0
      } else if hasSuper {
        descriptors = metaGroups ? UInt64(super_.s_first_meta_bg) : UInt64(fs.pointee.desc_blocks)
      }
      let reserved = hasSuper ? UInt64(super_.s_reserved_gdt_blocks) : 0
      blocks += (hasSuper ? 1 : 0) + descriptors + reserved + UInt64(fs.pointee.inode_blocks_per_group) + 2
    }
    return blocks + journalBlocks(fs)
  }

  /// The blocks of an internal journal, by its inode's size.
  private static func journalBlocks(_ fs: ext2_filsys) -> UInt64 {
    let super_ = fs.pointee.super.pointee
    guard ext2fs_has_feature_journal(fs.pointee.super) != 0, super_.s_journal_inum != 0, super_.s_journal_dev == 0
    else { return 0 }
    var inode = ext2_inode()
    guard ext2fs_read_inode(fs, super_.s_journal_inum, &inode) == 0 else { return 0 }
    let size = UInt64(inode.i_size) | UInt64(inode.i_size_high) << 32
    return min(size / UInt64(fs.pointee.blocksize), UInt64(ext2fs_blocks_count(fs.pointee.super)))
  }

  /// libblkid's rule: what ext2 and ext3 do not know makes it ext4, a journal makes it ext3.
  private static func type(_ super_: ext2_super_block) -> String {
    let oldReadOnly: UInt32 = 0x1 | 0x2 | 0x4  // sparse_super, large_file, btree_dir
    let oldIncompatible: UInt32 = 0x2 | 0x4 | 0x10  // filetype, needs_recovery, meta_bg
    let hasJournal = super_.s_feature_compat & 0x4 != 0
    let isNew = super_.s_feature_ro_compat & ~oldReadOnly != 0 || super_.s_feature_incompat & ~oldIncompatible != 0
    return isNew ? "ext4" : hasJournal ? "ext3" : "ext2"
  }

  /// Features that say in which state a filesystem is, not what it is: they come and go with a mount.
  private static let states: Set<String> = ["needs_recovery", "orphan_present"]

  /// e2p_feature2string(3) answers in a buffer that all threads share.
  private static let nameBuffer = Mutex(())

  private static func features(_ super_: ext2_super_block) -> [String] {
    let words: [(Int32, UInt32)] = [
      (0, super_.s_feature_compat), (1, super_.s_feature_incompat), (2, super_.s_feature_ro_compat),
    ]
    let names: [String] = nameBuffer.withLock { _ in
      var names: [String] = []
      for (set, word) in words {
        for bit in 0..<32 where word & (1 << UInt32(bit)) != 0 {
          if let name = e2p_feature2string(set, 1 << UInt32(bit)) { names.append(String(cString: name)) }
        }
      }
      return names
    }
    return names.filter { !states.contains($0) }
  }
}
