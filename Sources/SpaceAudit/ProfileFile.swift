import LinuxStorage
import SpaceModel
import UpgradeProjection

/// A profile that somebody wrote.
public enum ProfileFile {
  /// - Throws: ``StorageError`` `.corrupt` with the line that is wrong, or what opening it gave.
  public static func read(_ path: FilePath) throws(StorageError) -> UpgradeProfile {
    let bytes = try DocumentFile.read(path, limit: 1 << 20, operation: "read profile")
    do throws(JSONError) {
      return try UpgradeProfile(json: bytes)
    } catch {
      throw StorageError(
        .corrupt, operation: "read profile", path: path, message: error.description,
        hint: "docs/profiles.md describes the format; a built-in profile is a good start.")
    }
  }
}
