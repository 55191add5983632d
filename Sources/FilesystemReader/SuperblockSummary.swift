import LinuxStorage
import SpaceModel

/// What the superblock of a filesystem that is not ext says of its size, without a library.
public struct SuperblockSummary: Hashable, Sendable {
  public var type: String
  public var label: String?
  public var capacity: UInt64?
  public var used: UInt64?
  public var free: UInt64?
  public var blockSize: UInt64?

  /// Reads xfs, btrfs and squashfs superblocks.
  ///
  /// - Returns: `nil` where the type is another.
  public static func read(_ source: any ByteSource, type: String) throws(StorageError) -> SuperblockSummary? {
    switch type {
    case "xfs": xfs(try source.bytes(at: 0, count: 512))
    case "btrfs": btrfs(try source.bytes(at: 64 << 10, count: 1024))
    case "squashfs": squashfs(try source.bytes(at: 0, count: 96))
    default: nil
    }
  }

  /// `struct xfs_dsb` (fs/xfs/libxfs/xfs_format.h), big-endian.
  private static func xfs(_ bytes: [UInt8]) -> SuperblockSummary? {
    guard bytes.count == 512 else { return nil }
    let block = big(bytes, 4, 4)
    guard block >= 512, block <= 64 << 10 else { return nil }
    var summary = SuperblockSummary(type: "xfs")
    summary.label = text(bytes[108..<120])
    summary.blockSize = block
    // statfs leaves an internal log out of f_blocks; sb_logstart is 0 for an external one.
    let blocks = big(bytes, 8, 8)
    let log = big(bytes, 48, 8) == 0 ? 0 : big(bytes, 96, 4)
    summary.capacity = (blocks - min(log, blocks)).multipliedClamped(by: block)
    summary.free = big(bytes, 144, 8).multipliedClamped(by: block)
    summary.used = summary.capacity.flatMap { capacity in summary.free.map { capacity - min($0, capacity) } }
    return summary
  }

  /// `struct btrfs_super_block` (uapi/linux/btrfs_tree.h), little-endian, at 64 KiB.
  private static func btrfs(_ bytes: [UInt8]) -> SuperblockSummary? {
    guard bytes.count == 1024 else { return nil }
    var summary = SuperblockSummary(type: "btrfs")
    summary.label = text(bytes[0x12B..<0x12B + 256])
    summary.blockSize = little(bytes, 0x90, 4)
    summary.capacity = little(bytes, 0x70, 8)
    summary.used = little(bytes, 0x78, 8)
    summary.free = summary.capacity.flatMap { capacity in summary.used.map { capacity - min($0, capacity) } }
    return summary
  }

  /// `struct squashfs_super_block` (fs/squashfs/squashfs_fs.h), little-endian; always full, and without a label.
  private static func squashfs(_ bytes: [UInt8]) -> SuperblockSummary? {
    guard bytes.count == 96 else { return nil }
    var summary = SuperblockSummary(type: "squashfs")
    summary.capacity = little(bytes, 40, 8)
    summary.used = summary.capacity
    summary.free = 0
    summary.blockSize = little(bytes, 12, 4)
    return summary
  }

  private static func big(_ bytes: [UInt8], _ at: Int, _ count: Int) -> UInt64 {
    bytes[at..<at + count].reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func little(_ bytes: [UInt8], _ at: Int, _ count: Int) -> UInt64 {
    bytes[at..<at + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    let name = Array(bytes.prefix { $0 != 0 })
    return name.isEmpty ? nil : RawArgument.text(of: name)
  }
}
