import LinuxStorage
import SpaceModel

/// An image whose first superblock or group descriptors are lost, though a copy of the superblock shows that there was
/// a filesystem.
struct LostSuperblock {
  private let lost: Integrity.MetadataLoss
  private let readsAsZeros: Bool

  /// `nil` where the first superblock and descriptors are there, or no copy is.
  init?(_ image: any ImageSource, _ doubtful: DoubtfulRanges) {
    let first = (try? image.bytes(at: 1024, count: 1024)) ?? []
    if let superblock = Fields(first) {
      // The descriptors follow in the next block.
      let start = (superblock.blockSize == 1024 ? 2 : 1) * superblock.blockSize
      guard doubtful.covers(ByteRange(start: start, length: superblock.blockSize)) else { return nil }
      lost = .init(kind: .groupDescriptors, lostBytes: ByteCount(clamping: superblock.blockSize))
      readsAsZeros = true
      return
    }
    guard let size = Self.copy(in: image)?.blockSize else { return nil }
    lost = .init(kind: .superblock, lostBytes: ByteCount(clamping: size))
    readsAsZeros = !first.contains { $0 != 0 }
  }

  /// The first copy that mke2fs makes, in group 1: a group has eight times as many blocks as a block has bytes, and
  /// fewer than 65,528 of any size.
  private static func copy(in image: any ImageSource) -> Fields? {
    for size in [1024, 2048, 4096, 8192, 16384, 32768, 65536] as [UInt64] {
      let place = (min(size * 8, 65528) + (size == 1024 ? 1 : 0)) * size
      guard place < image.size else { break }
      if let bytes = try? image.bytes(at: place, count: 1024), let fields = Fields(bytes), fields.blockSize == size,
        fields.group == 1
      {
        return fields
      }
    }
    return nil
  }

  func integrity(checked: [String]) -> Integrity {
    let name = lost.kind == .superblock ? "The superblock" : "The group descriptors"
    let verb = lost.kind == .superblock ? "was" : "were"
    var integrity = Integrity(
      state: .damaged,
      reason: readsAsZeros
        ? "\(name) of the filesystem inside \(verb) never written, so nothing else can be told."
        : "\(name) of the filesystem inside \(verb) overwritten, though a copy is there, so nothing else can be told.",
      checked: checked)
    integrity.metadataLost = [lost]
    integrity.metadataLostBytes = lost.lostBytes
    integrity.lostBytes = lost.lostBytes
    return integrity
  }

  /// Of `struct ext4_super_block`.
  private struct Fields {
    let blockSize: UInt64
    /// `s_block_group_nr`, of the group that holds this copy.
    let group: UInt16

    init?(_ bytes: [UInt8]) {
      guard bytes.count == 1024, bytes[0x38] == 0x53, bytes[0x39] == 0xEF, bytes[0x18] <= 6 else { return nil }
      blockSize = 1024 << UInt64(bytes[0x18])
      group = UInt16(bytes[0x5A]) | UInt16(bytes[0x5B]) << 8
    }
  }
}
