import FilesystemReader
import LinuxStorage
import SpaceModel

/// What a file holds, for those who must not touch it.
public enum ImageContent {
  /// Whether it holds a filesystem or disk image, by its first bytes; false where it cannot be read.
  public static func isImage(_ path: FilePath) -> Bool {
    guard let file = try? ReadOnlyFile.open(path, expecting: .regularFile), let source = try? FileSource(file) else {
      return false
    }
    return (try? ContentSignature.type(of: source)) != nil
  }
}
