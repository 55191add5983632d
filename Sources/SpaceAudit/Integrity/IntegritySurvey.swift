import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel

/// What an image's own structures say of its integrity, and the facts that second evidence can go on with.
public struct IntegritySurvey: Sendable {
  /// The answer, as far as the image alone can give it.
  public var integrity: Integrity
  /// All files with blocks in holes, judged: lost, suspect, and those whose holes digging explains. By inode.
  public var files: [FileJudgement] = []
  /// The image holds zeros that digging would have taken, so its holes are as it was written.
  public var isAsWritten = false
  /// Its journal was not replayed, it is cut off or could not all be read, the kernel noted errors in it, or bitmaps,
  /// counts and inodes disagree: right files alone do not make it whole.
  public var isInconsistent = false
  /// Directories of which something is lost, as far as they have a path.
  public var lostDirectories: [FilePath] = []
  /// Why nothing could be surveyed; `nil` where it was.
  public var failure: StorageError?

  public init(integrity: Integrity) { self.integrity = integrity }
}
