import CLinuxStorage
import Glibc
import SpaceModel

/// The names of files that are not whole yet: `.passive.img.headroom-copy-1f00c4a7` beside `passive.img`.
public enum TemporaryName {
  private static let mark = ".headroom-copy-"
  private static let digits = 8

  /// A new one.
  static func new(for name: FilePath) -> FilePath {
    let hex = String(UInt32.random(in: 0 ... .max), radix: 16)
    return FilePath(bytes: prefix(for: name) + Array((String(repeating: "0", count: digits - hex.count) + hex).utf8))
  }

  /// A name has at most 255 bytes (NAME_MAX).
  private static func prefix(for name: FilePath) -> [UInt8] {
    [UInt8(ascii: ".")] + name.bytes.prefix(200) + Array(mark.utf8)
  }

  static func isTemporary(_ entry: FilePath, of name: FilePath) -> Bool {
    let prefix = prefix(for: name)
    return entry.bytes.count == prefix.count + digits && entry.bytes.starts(with: prefix)
      && entry.bytes.suffix(digits).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// Removes what copies to `name` that were killed have left in a directory. A file that a living one works on is locked
  /// and stays.
  public static func removeAbandoned(of name: FilePath, in directory: ReadOnlyFile) {
    let path = FilePath("/proc/self/fd/\(directory.descriptor)")
    for entry in DirectoryListing.names(path) ?? DirectoryListing.names(directory.path) ?? []
    where isTemporary(entry, of: name) {
      guard let file = try? directory.openEntry(entry, directory: false), (try? file.status().kind) == .regular,
        cls_lock(file.descriptor) == 0
      else { continue }
      _ = withCPath(entry) { cls_unlink(directory.descriptor, $0) }
    }
  }
}
