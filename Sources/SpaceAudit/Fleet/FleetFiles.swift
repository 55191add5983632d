import LinuxStorage
import SpaceModel
import SpaceReport

/// A file that may hold node reports.
struct FleetFile: Sendable {
  enum Kind: Sendable {
    /// Named, or by its name a document or an archive: what is wrong with it is said.
    case document
    /// A log or captured output, in which there may be reports.
    case log
  }

  var path: FilePath
  var kind: Kind
  /// On the command line; what turns up in a directory may be anybody's.
  var isNamed: Bool
}

/// The files below the paths of a command line, each once however often it is named or linked.
struct FleetFiles {
  private(set) var files: [FleetFile] = []
  /// Directories and names that could not be looked at.
  private(set) var failures: [StorageError] = []
  private var seen: Set<Identity> = []

  private static let deepest = 64

  private struct Identity: Hashable {
    var device: UInt64
    var inode: UInt64
  }

  init(_ paths: [FilePath]) {
    for path in paths { add(path) }
  }

  private mutating func add(_ path: FilePath) {
    guard path != "-", let status = FileStatus.of(path) else {
      // Opening it says what is wrong.
      files.append(FleetFile(path: path, kind: .document, isNamed: true))
      return
    }
    guard status.kind == .directory else {
      append(FleetFile(path: path, kind: .document, isNamed: true), status)
      return
    }
    do throws(StorageError) {
      walk(try ReadOnlyFile.open(path, expecting: .directory, operation: "list"), depth: 0)
    } catch {
      failures.append(error)
    }
  }

  private mutating func walk(_ directory: ReadOnlyFile, depth: Int) {
    guard depth < Self.deepest else {
      failures.append(
        StorageError(
          .unsupported, operation: "list", path: directory.path,
          message: "it lies deeper than \(Self.deepest) directories"))
      return
    }
    do throws(StorageError) {
      var failed: [StorageError] = []
      let entries = try DirectoryListing.entries(of: directory, onFailure: { failed.append($0) })
      failures += failed
      for entry in entries {
        let path = directory.path.appending(entry.name)
        if entry.status.kind == .directory {
          do throws(StorageError) {
            walk(try directory.openEntry(entry.name, directory: true), depth: depth + 1)
          } catch {
            failures.append(error)
          }
        } else if let kind = Self.kind(of: entry.name) {
          // A mounted ConfigMap shows its files as symbolic links. A link to a directory could lead in circles.
          let status = entry.status.kind == .symbolicLink ? FileStatus.of(path) : entry.status
          guard let status, status.kind == .regular else { continue }
          append(FleetFile(path: path, kind: kind, isNamed: false), status)
        }
      }
    } catch {
      failures.append(error)
    }
  }

  private mutating func append(_ file: FleetFile, _ status: FileStatus) {
    guard seen.insert(Identity(device: status.device, inode: status.inode)).inserted else { return }
    files.append(file)
  }

  /// By the end of its name; `nil`: a file of some other sort.
  static func kind(of name: FilePath) -> FleetFile.Kind? {
    if [".json", ".ndjson", ".zip"].contains(where: name.hasSuffix) { return .document }
    return [".log", ".txt"].contains(where: name.hasSuffix) ? .log : nil
  }
}
