import FilesystemReader
import LinuxStorage
import SpaceModel

/// What a file holds, for those who must not touch it.
public enum ImageContent {
  /// Whether it may be an image: it holds a filesystem or disk, or anything else that is no text; false where it cannot
  /// be read.
  public static func mayBeImage(_ path: FilePath) -> Bool {
    guard let file = try? ReadOnlyFile.open(path, expecting: .regularFile), let source = try? FileSource(file) else {
      return false
    }
    if (try? ContentSignature.type(of: source)) != nil { return true }
    // An image that is being written has no signature yet, but hardly a page without a NUL.
    return ((try? source.bytes(at: 0, count: 64 << 10)) ?? []).contains(0)
  }
}
