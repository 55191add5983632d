import LinuxStorage
import SpaceModel

/// Finds a path below a root as a process would whose root directory that is: absolute links start there, and `..` does
/// not lead above it.
struct RootedLookup {
  let root: ReadOnlyFile

  /// As the kernel has it (path_resolution(7)).
  private static let mostLinks = 40
  private static let mostNames = 512

  /// The start of a regular file; `nil` where there is none.
  func contents(of path: FilePath, limit: Int) throws(StorageError) -> [UInt8]? {
    var open: [ReadOnlyFile] = [root]
    var rest = Array(path.components.reversed())
    var links = 0
    while let name = rest.popLast(), let directory = open.last {
      guard rest.count < Self.mostNames, open.count < Self.mostNames else { return nil }
      if name == ".." {
        if open.count > 1 { open.removeLast() }
        continue
      }
      guard let status = try directory.status(ofEntry: name) else { return nil }
      switch status.kind {
      case .directory:
        do throws(StorageError) {
          open.append(try directory.openEntry(name, directory: true))
        } catch  where error.code == .notFound {
          return nil
        }
      case .symbolicLink:
        links += 1
        guard links <= Self.mostLinks, let target = directory.linkTarget(ofEntry: name) else { return nil }
        if target.hasPrefix("/") { open = [root] }
        rest += target.components.reversed()
      case .regular:
        return rest.isEmpty ? try read(name, in: directory, limit: limit) : nil
      case .blockDevice, .other:
        return nil
      }
    }
    return nil
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
