import SpaceModel

/// The root directory of a system, in whatever form a payload has it.
public protocol RootTree {
  /// Calls `visit` once for each directory, parents before their children. Reads inodes, names and extended attributes,
  /// never file data.
  ///
  /// - Parameter excluding: Absolute paths that are not entered and not named, as rsync's anchored `--exclude` does.
  /// - Throws: ``StorageError`` where a directory or inode cannot be read, and what `visit` throws: a tree that is known
  ///   in part is not known.
  func walk(
    excluding: [FilePath], _ visit: (RootTreeDirectory) throws(StorageError) -> Void
  ) throws(StorageError)

  /// The start of a regular file, symbolic links followed within the tree; `nil` where there is none.
  ///
  /// - Parameter limit: At most so many bytes are returned; the rest is not read.
  func smallFile(_ path: FilePath, limit: Int) throws(StorageError) -> [UInt8]?
}
