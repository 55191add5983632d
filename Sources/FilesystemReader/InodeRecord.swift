import CExt2fs
import SpaceModel

/// The fields of an on-disk inode (`struct ext4_inode`) that say what it is and what it owns.
struct InodeRecord {
  var number: UInt32
  var mode: UInt16
  var flags: UInt32
  /// `i_size`, both halves.
  var size: UInt64
  var links: UInt16
  var modified: Int64
  var changed: Int64
  /// `i_blocks`, in the units that `i_flags` says, as bytes.
  var claimedBytes: UInt64
  /// `i_file_acl`: the block of extended attributes, 0 for none.
  var attributeBlock: UInt64
  /// `i_block`: the block map's 60 bytes.
  var map: [UInt8]

  enum Kind { case regular, directory, symbolicLink, other }

  var kind: Kind {
    switch mode & 0xF000 {
    case 0x8000: .regular
    case 0x4000: .directory
    case 0xA000: .symbolicLink
    default: .other
    }
  }

  var usesExtents: Bool { flags & UInt32(bitPattern: EXT4_EXTENTS_FL) != 0 }
  var isInline: Bool { flags & UInt32(bitPattern: EXT4_INLINE_DATA_FL) != 0 }
  /// An inode that holds the value of an extended attribute; no directory names it.
  var isAttributeValue: Bool { flags & UInt32(bitPattern: EXT4_EA_INODE_FL) != 0 }
  /// fs-verity keeps its hashes in blocks behind the size.
  var hasVerity: Bool { flags & UInt32(bitPattern: EXT4_VERITY_FL) != 0 }

  /// - Parameter bytes: The inode as it lies in the table, at least 128 bytes.
  init(number: UInt32, bytes: UnsafeRawBufferPointer, blockSize: UInt64) {
    self.number = number
    mode = bytes.half(0)
    size = UInt64(bytes.word(4))
    changed = Self.seconds(bytes.word(12), extra: bytes, at: 132)
    modified = Self.seconds(bytes.word(16), extra: bytes, at: 136)
    links = bytes.half(26)
    flags = bytes.word(32)
    // The high half belongs to files and directories alone.
    if mode & 0xF000 == 0x8000 || mode & 0xF000 == 0x4000 { size |= UInt64(bytes.word(108)) << 32 }
    let blocks = UInt64(bytes.word(28)) | UInt64(bytes.half(116)) << 32
    let unit = flags & UInt32(bitPattern: EXT4_HUGE_FILE_FL) != 0 ? blockSize : 512
    claimedBytes = blocks.multipliedClamped(by: unit)
    attributeBlock = UInt64(bytes.word(104)) | UInt64(bytes.half(118)) << 32
    map = Array(bytes[40..<100])
  }

  /// The low two bits of the extra field carry the seconds beyond 2038 (`EXT4_EPOCH_MASK`).
  private static func seconds(_ low: UInt32, extra bytes: UnsafeRawBufferPointer, at offset: Int) -> Int64 {
    let seconds = Int64(Int32(bitPattern: low))
    guard bytes.count >= offset + 4 else { return seconds }
    let extraSize = Int(bytes.half(128))
    guard 128 + extraSize >= offset + 4 else { return seconds }
    return seconds + Int64(bytes.word(offset) & 3) << 32
  }

  /// Whether the map's 60 bytes hold a block map: not a short link's target, nor a device's number.
  var hasBlockMap: Bool {
    guard !isInline else { return false }
    switch kind {
    case .regular, .directory: return true
    case .symbolicLink: return size >= 60 || usesExtents || isAttributeValue
    case .other: return false
    }
  }
}
