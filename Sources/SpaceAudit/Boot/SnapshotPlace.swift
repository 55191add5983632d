import SpaceModel

/// Where elemental 2 keeps its snapshots.
enum SnapshotPlace {
  /// The number in `.snapshots/N/snapshot.img`, `.snapshots/N/snapshot`, or either below `@` (btrfs) or further up;
  /// `nil` for another path.
  static func number(in path: FilePath) -> Int? {
    let parts = path.components.compactMap(\.utf8)
    guard let place = parts.lastIndex(of: ".snapshots"), parts.count >= place + 3,
      parts[place + 2] == "snapshot.img" || parts[place + 2] == "snapshot"
    else { return nil }
    return number(parts[place + 1])
  }

  /// The number that the symbolic link `.snapshots/active` leads to; it is relative to its directory.
  static func number(ofLink target: FilePath) -> Int? {
    number(in: FilePath(".snapshots").appending(target)) ?? number(in: target)
  }

  /// A directory's name as a snapshot's number: only digits, as elemental writes it.
  static func number(_ name: String) -> Int? {
    name.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(name) : nil
  }
}
