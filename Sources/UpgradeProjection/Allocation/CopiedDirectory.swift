import SpaceModel

/// The names rsync makes in one directory, in an order of its own, hashed.
///
/// A file is written as `.NAME.` with six random characters and renamed when it is whole: the new name is added before
/// the old one goes, so for a moment the directory has room for both. Directories, links and device nodes are made under
/// their own name.
struct CopiedDirectory {
  private struct Name {
    var hash: UInt64
    var length: Int
    /// Length of the name under which it is written first; 0 for what is made under its own.
    var temporaryLength: Int
  }

  private var names: [Name]
  /// Of all entries there ever are, as if none had gone again.
  private let mostBytes: Int

  init(_ directory: RootTreeDirectory) {
    // Names that come again in every directory must not all fall alike.
    let seed = Self.hash(directory.path.bytes, from: 0)
    names = directory.entries.map { entry in
      let bytes = entry.name.bytes
      return Name(
        hash: Self.hash(bytes, from: seed), length: bytes.count,
        temporaryLength: entry.kind == .file ? Self.temporaryLength(bytes) : 0)
    }
    mostBytes = names.reduce(0) { sum, name in
      let temporary = name.temporaryLength > 0 ? DirectoryGrowth.entryBytes(nameLength: name.temporaryLength) : 0
      return sum + DirectoryGrowth.entryBytes(nameLength: name.length) + temporary
    }
    // The order decides little, but it must be the same whatever order the payload was read in; and not that of the
    // hashes that place the names.
    names.sort { ($0.hash.byteSwapped, $0.length) < ($1.hash.byteSwapped, $1.length) }
  }

  /// rsync adds no second dot to a name that begins with one, and shortens a name that would get too long.
  static func temporaryLength(_ name: [UInt8]) -> Int {
    let kept = name.first == UInt8(ascii: ".") ? name.count - 1 : name.count
    return min(kept, 247) + 8
  }

  /// Blocks of the directory once the copy is made.
  func blocks(blockBytes: Int, hasChecksums: Bool) -> Int {
    // One block has room for all its names at once: most directories of a system are as small.
    if DirectoryGrowth.emptyBytes + mostBytes
      <= DirectoryGrowth.room(blockBytes: blockBytes, hasChecksums: hasChecksums)
    {
      return 1
    }
    return replayed(blockBytes: blockBytes, hasChecksums: hasChecksums)
  }

  /// The same, one name after the other.
  func replayed(blockBytes: Int, hasChecksums: Bool) -> Int {
    var directory = DirectoryGrowth(blockBytes: blockBytes, hasChecksums: hasChecksums)
    for name in names {
      let place = UInt32(truncatingIfNeeded: name.hash)
      if name.temporaryLength > 0 {
        let temporary = UInt32(truncatingIfNeeded: Self.mixed(name.hash ^ 0x9e37_79b9_7f4a_7c15))
        directory.add(nameLength: name.temporaryLength, hash: temporary)
        directory.add(nameLength: name.length, hash: place)
        directory.remove(hash: temporary)
      } else {
        directory.add(nameLength: name.length, hash: place)
      }
    }
    return directory.blocks
  }

  /// FNV-1a, mixed so that every bit counts.
  private static func hash(_ bytes: [UInt8], from seed: UInt64) -> UInt64 {
    var hash: UInt64 = seed ^ 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return mixed(hash)
  }

  private static func mixed(_ number: UInt64) -> UInt64 {
    var mixed = number
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
