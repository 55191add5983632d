import LinuxStorage
import SpaceModel

/// Finds a path below a root as a process would whose root directory that is: absolute links start there, and `..` does
/// not lead above it.
struct RootedLookup {
  let root: ReadOnlyFile

  private enum Place {
    case directory(ReadOnlyFile)
    case file(FilePath, in: ReadOnlyFile)
  }

  /// The start of a regular file; `nil` where there is none.
  func contents(of path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    let found = try PathResolution.resolve(path, root: Place.directory(root)) {
      (place, name) throws(StorageError) -> PathResolution.Step<Place>? in
      guard case .directory(let directory) = place, let status = try directory.status(ofEntry: name) else { return nil }
      switch status.kind {
      case .directory:
        do throws(StorageError) {
          return .directory(.directory(try directory.openEntry(name, directory: true)))
        } catch  where error.code == .notFound {
          return nil
        }
      case .symbolicLink: return try directory.linkTarget(ofEntry: name).map { .link($0) }
      case .regular: return .other(.file(name, in: directory))
      case .blockDevice, .other: return nil
      }
    }
    guard case .file(let name, let directory)? = found else { return nil }
    return try read(name, in: directory, limit: limit)
  }

  private func read(_ name: FilePath, in directory: ReadOnlyFile, limit: Int) throws(StorageError) -> [UInt8]? {
    let file: ReadOnlyFile
    do throws(StorageError) {
      file = try directory.openEntry(name, directory: false)
    } catch  where error.code == .notFound {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: max(0, min(limit, Int(clamping: try file.status().size))))
    var count = 0
    var failure: StorageError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(StorageError) { count = try file.read(into: buffer, at: 0) } catch { failure = error }
    }
    if let failure { throw failure }
    return Array(bytes.prefix(count))
  }
}
