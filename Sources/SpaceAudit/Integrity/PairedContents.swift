import FilesystemReader
import SpaceModel

/// Two trees gone through side by side, directory by directory.
///
/// One of them (`reference`) must be readable; of the other, what cannot be read is told. Memory: the names of the
/// directories on the way.
struct PairedContents {
  /// An entry of one or both of them.
  struct Pair {
    /// Absolute.
    var path: FilePath
    var reference: TreeRecord?
    var subject: Subject
  }

  /// What the tree that is examined has.
  enum Subject {
    case present(TreeRecord)
    case absent
    /// A directory above it cannot be read.
    case unreachable(String)

    var record: TreeRecord? {
      if case .present(let record) = self { return record }
      return nil
    }
  }

  let reference: any TreeContents
  let subject: any TreeContents
  var excluding: [FilePath] = []
  var withAttributes = false
  /// What of the reference cannot be read is passed over, and an entry of it may have no kind.
  var toleratesReference = false

  /// More names than any system has: what is endless is not gone through for ever.
  private static let mostNames = 4_000_000
  private static let longestPath = 32 << 10

  /// A pair of directories; `nil` where that tree has none there.
  private struct Directory {
    var path: FilePath
    var reference: UInt64?
    var subject: UInt64?
    /// Why the subject has none, where that is damage.
    var reason: String?
  }

  /// - Parameter visit: Called with the entries of each directory.
  /// - Throws: ``StorageError`` where the reference cannot be read, and what `visit` throws.
  func walk(_ visit: ([Pair]) throws(StorageError) -> Void) throws(StorageError) {
    let excluded = Set(excluding.map { $0.components.reduce(FilePath("/")) { $0.appending($1) } })
    var stack = [try roots()]
    var seen = (reference: Set<UInt64>(), subject: Set<UInt64>())
    var namesLeft = Self.mostNames
    while let directory = stack.popLast() {
      guard directory.path.bytes.count <= Self.longestPath else {
        throw error("its directories are too deep", reference.path)
      }
      if let node = directory.reference {
        let isNew = seen.reference.insert(node).inserted
        guard isNew || toleratesReference else { throw error("its directories go in circles", reference.path) }
        if !isNew { continue }
      }
      let pairs = try entries(of: directory, &seen.subject).filter { !excluded.contains($0.path) }
      namesLeft -= pairs.count
      guard namesLeft >= 0 else { throw error("it holds more than \(Self.mostNames) names", reference.path) }
      try visit(pairs)
      for pair in pairs.reversed() {
        let mine = pair.subject.record.flatMap { $0.kind == .directory ? $0.node : nil }
        let theirs = pair.reference.flatMap { $0.kind == .directory ? $0.node : nil }
        guard mine != nil || theirs != nil else { continue }
        var below = Directory(path: pair.path, reference: theirs, subject: mine, reason: directory.reason)
        if case .present(let record) = pair.subject, record.kind == nil {
          below.reason = "its directory's inode is lost"
        }
        if case .unreachable(let reason) = pair.subject { below.reason = reason }
        stack.append(below)
      }
    }
  }

  private func roots() throws(StorageError) -> Directory {
    var roots = Directory(path: "/", reference: try reference.top().node)
    do throws(StorageError) {
      let top = try subject.top()
      guard top.kind == .directory else { throw error("its inode is lost", subject.path) }
      roots.subject = top.node
    } catch {
      if error.code == .io, error.cause != nil { throw error }
      roots.reason = "the root directory cannot be read: \(error.message)"
    }
    return roots
  }

  private func entries(of directory: Directory, _ seen: inout Set<UInt64>) throws(StorageError) -> [Pair] {
    var theirs: [TreeRecord] = []
    if let node = directory.reference {
      do throws(StorageError) {
        theirs = try reference.entries(node, at: directory.path, withAttributes: withAttributes)
      } catch {
        if !toleratesReference || (error.code == .io && error.cause != nil) { throw error }
      }
      if !toleratesReference, let broken = theirs.first(where: { $0.kind == nil }) {
        throw error(
          "'\(directory.path.appending(broken.name).display)' has an inode that is not in use", reference.path)
      }
    }
    var mine: [TreeRecord] = []
    var reason = directory.reason
    if let node = directory.subject {
      do throws(StorageError) {
        // A directory has one name; a second would make it its own ancestor.
        guard seen.insert(node).inserted else { throw error("its directories go in circles", subject.path) }
        let listing = try subject.readableEntries(node, at: directory.path, withAttributes: withAttributes)
        mine = listing.entries
        if let problem = listing.problem {
          reason = "the directory '\(directory.path.display)' cannot be read: \(problem.message)"
        }
      } catch {
        if error.code == .io, error.cause != nil { throw error }
        reason = "the directory '\(directory.path.display)' cannot be read: \(error.message)"
      }
    }
    return merge(theirs, mine, in: directory.path, reason)
  }

  /// Both are in byte order.
  private func merge(_ theirs: [TreeRecord], _ mine: [TreeRecord], in path: FilePath, _ reason: String?) -> [Pair] {
    let absent: Subject = reason.map { .unreachable($0) } ?? .absent
    var pairs: [Pair] = []
    pairs.reserveCapacity(max(theirs.count, mine.count))
    var (left, right) = (0, 0)
    while left < theirs.count || right < mine.count {
      if right == mine.count || (left < theirs.count && theirs[left].name < mine[right].name) {
        pairs.append(Pair(path: path.appending(theirs[left].name), reference: theirs[left], subject: absent))
        left += 1
      } else if left == theirs.count || mine[right].name < theirs[left].name {
        pairs.append(Pair(path: path.appending(mine[right].name), reference: nil, subject: .present(mine[right])))
        right += 1
      } else {
        pairs.append(
          Pair(path: path.appending(theirs[left].name), reference: theirs[left], subject: .present(mine[right])))
        left += 1
        right += 1
      }
    }
    return pairs
  }

  private func error(_ message: String, _ path: FilePath) -> StorageError {
    StorageError(.corrupt, operation: "read the tree in", path: path, message: message)
  }
}
