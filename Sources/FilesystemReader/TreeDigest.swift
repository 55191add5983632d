import CExt2fs
import SpaceModel

/// One number for a tree: the same for every form of it, another as soon as a name, kind, size or attribute is.
///
/// SHA-512 (libext2fs') over each directory, and over the sorted digests of all directories, so that neither the order of
/// the walk nor that of the entries counts. What not every form keeps is left out: inode numbers, which names are hard
/// links of one another, POSIX ACLs (a squashfs has none), and an empty `lost+found` at the root.
public struct TreeDigest {
  private var digests: [[UInt8]] = []
  /// The root is held back until it is known whether its `lost+found` is empty.
  private var root: RootTreeDirectory?

  public init() {}

  public mutating func add(_ directory: RootTreeDirectory) {
    if directory.path == "/", directory.entries.contains(where: Self.isLostAndFound) {
      root = directory
    } else if directory.path == "/lost+found", directory.entries.isEmpty {
      root?.entries.removeAll(where: Self.isLostAndFound)
    } else {
      digests.append(Self.digest(directory))
    }
  }

  /// In hexadecimal, 128 digits.
  public func finish() -> String {
    let all = digests + (root.map { [Self.digest($0)] } ?? [])
    let sum = Self.sha512(all.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { $0 })
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: sum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static func isLostAndFound(_ entry: RootTreeEntry) -> Bool {
    entry.kind == .directory && entry.name == "lost+found"
  }

  /// Every part with its length in front, so that no two directories give the same bytes.
  private static func digest(_ directory: RootTreeDirectory) -> [UInt8] {
    var bytes: [UInt8] = []
    append(directory.path.bytes, to: &bytes)
    append(directory.attributes, to: &bytes)
    for entry in directory.entries.sorted(by: { $0.name < $1.name }) {
      append(entry.name.bytes, to: &bytes)
      bytes.append(code(entry.kind))
      append(entry.size, to: &bytes)
      append(entry.attributes, to: &bytes)
    }
    return sha512(bytes)
  }

  private static func append(_ attributes: [ExtendedAttribute], to bytes: inout [UInt8]) {
    let kept = attributes.filter { !$0.name.hasPrefix("system.") }.sorted {
      $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }
    append(UInt64(kept.count), to: &bytes)
    for attribute in kept {
      append(RawArgument.bytes(of: attribute.name), to: &bytes)
      append(attribute.value, to: &bytes)
    }
  }

  private static func append(_ part: [UInt8], to bytes: inout [UInt8]) {
    append(UInt64(part.count), to: &bytes)
    bytes += part
  }

  private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
  }

  private static func code(_ kind: RootTreeEntry.Kind) -> UInt8 {
    switch kind {
    case .directory: UInt8(ascii: "d")
    case .file: UInt8(ascii: "f")
    case .symbolicLink: UInt8(ascii: "l")
    case .special: UInt8(ascii: "s")
    }
  }

  private static func sha512(_ bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EXT2FS_SHA512_LENGTH))
    ext2fs_sha512(bytes, UInt(bytes.count), &digest)
    return digest
  }
}
