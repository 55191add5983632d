import LinuxStorage
import SpaceModel

/// What a file holds, by the magic numbers at its start.
public enum ContentSignature {
  /// A filesystem or disk image, by libblkid's name where it has one; `nil` for anything else.
  ///
  /// - Complexity: One read of 68 KiB.
  public static func type(of source: any ByteSource) throws(StorageError) -> String? {
    let head = try source.bytes(at: 0, count: 68 << 10)
    return type(ofHead: head)
  }

  static func type(ofHead head: [UInt8]) -> String? {
    for row in table where matches(head, row.magic, at: row.offset) { return row.name }
    // Any boot sector ends in 55 AA; only one with a partition entry of a known status is a disk.
    guard matches(head, [0x55, 0xAA], at: 510) else { return nil }
    if matches(head, Array("FAT".utf8), at: 54) || matches(head, Array("FAT32".utf8), at: 82) { return "vfat" }
    let entries = stride(from: 446, to: 510, by: 16).map { Array(head[$0..<$0 + 16]) }
    let plausible = entries.allSatisfy { $0[0] == 0 || $0[0] == 0x80 } && entries.contains { $0[4] != 0 }
    return plausible ? "dos" : nil
  }

  /// An ISO 9660 image, be it a bootable disk with partitions as well.
  static func isISO(_ head: [UInt8]) -> Bool { matches(head, Array("CD001".utf8), at: 32769) }

  private struct Row {
    let name: String
    let offset: Int
    let magic: [UInt8]
  }

  // Order matters only where one can hold another's place: partition tables come first.
  private static let table: [Row] = [
    Row(name: "gpt", offset: 512, magic: Array("EFI PART".utf8)),
    Row(name: "gpt", offset: 4096, magic: Array("EFI PART".utf8)),
    Row(name: "qcow2", offset: 0, magic: [0x51, 0x46, 0x49, 0xFB]),
    Row(name: "vmdk", offset: 0, magic: Array("KDMV".utf8)),
    Row(name: "squashfs", offset: 0, magic: Array("hsqs".utf8)),
    Row(name: "xfs", offset: 0, magic: Array("XFSB".utf8)),
    Row(name: "crypto_LUKS", offset: 0, magic: Array("LUKS".utf8) + [0xBA, 0xBE]),
    Row(name: "erofs", offset: 1024, magic: [0xE2, 0xE1, 0xF5, 0xE0]),
    Row(name: "ext", offset: 1080, magic: [0x53, 0xEF]),
    Row(name: "iso9660", offset: 32769, magic: Array("CD001".utf8)),
    Row(name: "btrfs", offset: 65600, magic: Array("_BHRfS_M".utf8)),
  ]

  private static func matches(_ head: [UInt8], _ magic: [UInt8], at offset: Int) -> Bool {
    offset + magic.count <= head.count && head[offset..<offset + magic.count].elementsEqual(magic)
  }
}
