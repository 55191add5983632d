import CExt2fs
import SpaceModel

/// Inodes that the superblock names, or that the format keeps for itself.
struct SystemInodes {
  /// `s_first_ino`: below it are the reserved ones.
  let first: UInt32
  private let resize: UInt32?
  let journal: UInt32?
  /// Quota files and the orphan file.
  private let others: Set<UInt32>

  init(_ fs: ext2_filsys) {
    let super_ = fs.pointee.super.pointee
    first = super_.s_rev_level == 0 ? 11 : super_.s_first_ino
    resize = ext2fs_has_feature_resize_inode(fs.pointee.super) != 0 ? 7 : nil
    journal =
      ext2fs_has_feature_journal(fs.pointee.super) != 0 && super_.s_journal_inum != 0 ? super_.s_journal_inum : nil
    others = Set([super_.s_usr_quota_inum, super_.s_grp_quota_inum, super_.s_prj_quota_inum, super_.s_orphan_file_inum])
      .subtracting([0])
  }

  enum Role { case root, resize, journal, badBlocks, system, none }

  func role(of inode: UInt32) -> Role {
    switch inode {
    case 1: .badBlocks
    case 2: .root
    case resize: .resize
    case journal: .journal
    default: inode < first || others.contains(inode) ? .system : .none
    }
  }

  /// Whether an inode that the bitmap calls in use was written: of the reserved ones most never are.
  func isNeverZero(_ inode: UInt32) -> Bool {
    switch role(of: inode) {
    case .root, .resize, .journal, .none: true
    case .badBlocks: false
    case .system: others.contains(inode)
    }
  }
}
