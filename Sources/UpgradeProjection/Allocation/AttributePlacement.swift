import SpaceModel

/// Which inodes of a copy need a block for extended attributes on ext2/3/4, and which share one.
///
/// An inode of 256 bytes has 88 left for entries and values (128 are the old inode, 32 the extra fields, 8 a header and an
/// end mark). What does not fit goes to one block of its own. Blocks with equal content are one block, up to 1024
/// references (`EXT4_XATTR_REFCOUNT_MAX`), as long as the kernel's cache remembers them: 16384 blocks.
/// See the kernel's Documentation/filesystems/ext4, "Extended Attributes".
struct AttributePlacement {
  let rule: AttributeRule
  private(set) var blocks: Int64 = 0
  /// References to the latest block of each content; those seen lately, and those before them.
  private var recent: [UInt64: Int] = [:]
  private var older: [UInt64: Int] = [:]

  private static let inodeRoom = 88
  private static let references = 1024
  /// Half of what the kernel's cache holds, because two generations are kept.
  private static let remembered = 8192

  init(rule: AttributeRule) { self.rule = rule }

  mutating func add(_ attributes: [ExtendedAttribute]) {
    guard !attributes.isEmpty, let content = outside(attributes) else { return }
    let count = recent[content] ?? older[content] ?? 0
    if count % Self.references == 0 { blocks += 1 }
    if recent.count >= Self.remembered {
      older = recent
      recent = [:]
    }
    recent[content] = count + 1
  }

  /// A digest of what does not fit the inode; `nil` where all of it does.
  private func outside(_ attributes: [ExtendedAttribute]) -> UInt64? {
    var room = Self.inodeRoom
    var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    var isOutside = false
    // rsync sets attributes by name, then the ACLs.
    let kept = attributes.filter { keeps($0.name) }.sorted {
      (isACL($0.name) ? 1 : 0, $0.name) < (isACL($1.name) ? 1 : 0, $1.name)
    }
    for attribute in kept {
      let need = Self.entryBytes(attribute)
      if need <= room {
        room -= need
      } else {
        isOutside = true
        for byte in attribute.name.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        digest = (digest ^ 0x1_0000) &* 0x100_0000_01b3
        for byte in attribute.value { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
      }
    }
    return isOutside ? digest : nil
  }

  private func isACL(_ name: String) -> Bool { name.hasPrefix("system.posix_acl_") }

  private func keeps(_ name: String) -> Bool {
    // Of system.*, rsync copies ACLs alone.
    if name.hasPrefix("system.") { return isACL(name) }
    switch rule {
    case .all: return true
    case .withoutSELinux: return name != "security.selinux"
    case .aclsOnly: return false
    }
  }

  /// An entry of 16 bytes, the name without its namespace, which is a number, and the value, both rounded to 4.
  static func entryBytes(_ attribute: ExtendedAttribute) -> Int {
    let name = attribute.name
    var nameBytes = name.utf8.count
    var valueBytes = attribute.value.count
    if name.hasPrefix("system.posix_acl_") {
      // On disk the name is a number altogether.
      nameBytes = 0
      valueBytes = aclBytes(attribute.value)
    } else if let dot = name.utf8.firstIndex(of: UInt8(ascii: ".")) {
      nameBytes = name.utf8.distance(from: dot, to: name.utf8.endIndex) - 1
    }
    return 16 + (nameBytes + 3) & ~3 + (valueBytes + 3) & ~3
  }

  /// ext4's own form of an ACL: 4 bytes, 8 an entry that names a user or a group, 4 any other.
  private static func aclBytes(_ value: [UInt8]) -> Int {
    var bytes = 4
    var at = 4
    while at + 8 <= value.count {
      // ACL_USER and ACL_GROUP, of linux/posix_acl.h.
      let tag = Int(value[at]) | Int(value[at + 1]) << 8
      bytes += tag == 0x02 || tag == 0x08 ? 8 : 4
      at += 8
    }
    return bytes
  }
}
