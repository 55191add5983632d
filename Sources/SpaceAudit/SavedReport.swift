import LinuxStorage
import SpaceModel
import SpaceReport

/// A report that was saved with `audit --json`.
public enum SavedReport {
  /// - Throws: ``StorageError`` where it cannot be read or is no report.
  public static func read(_ path: FilePath) throws(StorageError) -> Report {
    let bytes = try DocumentFile.read(path, limit: 256 << 20, operation: "read report")
    return try ReportDecoder.decode(bytes, path: path)
  }
}
