import LinuxStorage
import SpaceModel

/// An image whose first superblock or group descriptors are lost, though a copy of the superblock shows that there was
/// a filesystem.
struct LostSuperblock {
  private let lost: [Integrity.MetadataLoss]

  /// `nil` where the first superblock and descriptors are there, or no copy is.
  init?(_ image: any ImageSource, _ doubtful: DoubtfulRanges) {
    let first = try? image.bytes(at: 1024, count: 1024)
    if let first, first.count == 1024, let superblock = Fields(first) {
      // The descriptors follow in the next block.
      let start = (superblock.blockSize == 1024 ? 2 : 1) * superblock.blockSize
      guard doubtful.covers(ByteRange(start: start, length: superblock.blockSize)) else { return nil }
      lost = [.init(kind: .groupDescriptors, lostBytes: ByteCount(clamping: superblock.blockSize))]
      return
    }
    guard doubtful.covers(ByteRange(start: 1024, length: 1024)) else { return nil }
    // The first copy that mke2fs makes, in group 1: a group has eight times as many blocks as a block has bytes.
    let copies: [UInt64] = [1024, 2048, 4096].map { size in (size * 8 + (size == 1024 ? 1 : 0)) * size }
    for (copy, size) in zip(copies, [1024, 2048, 4096] as [UInt64]) {
      guard let bytes = try? image.bytes(at: copy, count: 1024), bytes.count == 1024, let fields = Fields(bytes),
        fields.blockSize == size
      else { continue }
      lost = [.init(kind: .superblock, lostBytes: ByteCount(clamping: size))]
      return
    }
    return nil
  }

  func integrity(checked: [String]) -> Integrity {
    let isSuperblock = lost.contains { $0.kind == .superblock }
    var integrity = Integrity(
      state: .damaged,
      reason: "The \(isSuperblock ? "superblock" : "group descriptors") of the filesystem inside "
        + "\(isSuperblock ? "was" : "were") never written, so nothing else can be told.",
      checked: checked)
    integrity.metadataLost = lost
    integrity.metadataLostBytes = lost.reduce(.zero) { $0 + $1.lostBytes }
    integrity.lostBytes = integrity.metadataLostBytes
    return integrity
  }

  /// Of `struct ext4_super_block`.
  private struct Fields {
    let blockSize: UInt64

    init?(_ bytes: [UInt8]) {
      guard bytes[0x38] == 0x53, bytes[0x39] == 0xEF, bytes[0x18] <= 6 else { return nil }
      blockSize = 1024 << UInt64(bytes[0x18])
    }
  }
}
