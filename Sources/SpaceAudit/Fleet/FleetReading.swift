import Glibc
import LinuxStorage
import SpaceModel
import SpaceReport
import Synchronization

/// Reads the node reports of a cluster from files, directories and standard input, and keeps a summary of each.
public struct FleetReading: Sendable {
  /// No node's report is nearly as large; a usual one is below 64 KiB.
  static let reportLimit = 16 << 20
  /// A file may hold those of all nodes, one after the other.
  static let streamLimit = 1 << 30
  /// Files are read by so many at once, and what they said is then merged in their order: the answer is always the same,
  /// and only a batch of summaries waits.
  private static let batch = 256

  private let paths: [FilePath]
  private let workers: Int

  /// - Parameters:
  ///   - paths: Files and directories; `-` is standard input.
  ///   - workers: Threads; 0: one for each processor, eight at most.
  public init(_ paths: [FilePath], workers: Int = 0) {
    self.paths = paths
    self.workers = workers > 0 ? workers : min(8, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }

  /// - Parameter onRead: Told of the bytes of each file that was read, by any thread.
  /// - Returns: All that was found; what could not be read is in it by name.
  public func run(onRead: @escaping @Sendable (UInt64) -> Void = { _ in }) -> FleetMerge {
    let found = FleetFiles(paths)
    var merge = FleetMerge()
    for failure in found.failures { merge.add(.unreadable(Self.unreadable(failure, failure.path))) }
    for start in stride(from: 0, to: found.files.count, by: Self.batch) {
      let files = Array(found.files[start..<min(found.files.count, start + Self.batch)])
      for outcome in read(files, onRead) { merge.add(outcome) }
    }
    return merge
  }

  private final class Work: Sendable {
    let next = Atomic<Int>(0)
    let results: Mutex<[[FleetMerge.Outcome]]>

    init(count: Int) { results = Mutex(Array(repeating: [], count: count)) }
  }

  private func read(_ files: [FleetFile], _ onRead: @escaping @Sendable (UInt64) -> Void) -> [FleetMerge.Outcome] {
    let work = Work(count: files.count)
    WorkerThreads.run(min(workers, files.count)) {
      while true {
        let index = work.next.add(1, ordering: .relaxed).oldValue
        guard index < files.count else { return }
        let outcomes = Self.read(files[index], onRead)
        work.results.withLock { $0[index] = outcomes }
      }
    }
    return work.results.withLock { Array($0.joined()) }
  }

  private static func read(_ file: FleetFile, _ onRead: (UInt64) -> Void) -> [FleetMerge.Outcome] {
    do throws(StorageError) {
      if file.path != "-", !DocumentFile.isPipe(file.path), let archive = try archive(file) {
        onRead(archive.size)
        return turn.withLock { _ in FleetArchive.outcomes(archive, isNamed: file.isNamed) }
      }
      let limit = file.isNamed ? streamLimit : reportLimit
      let bytes = try DocumentFile.read(file.path, limit: limit, operation: "read report")
      onRead(UInt64(bytes.count))
      // From a pipe an archive is read whole, because the list of what is in it stands at its end.
      if ZipArchive.begins(bytes) {
        return FleetArchive.outcomes(MemorySource(bytes, path: file.path), isNamed: file.isNamed)
      }
      return FleetDocument(bytes, file).outcomes()
    } catch {
      return [.unreadable(unreadable(error, file.path))]
    }
  }

  /// One archive at a time: each may take memory.
  private static let turn = Mutex(())

  /// The file, where it is an archive.
  private static func archive(_ file: FleetFile) throws(StorageError) -> FileSource? {
    let source = try FileSource(try ReadOnlyFile.open(file.path, expecting: .regularFile, operation: "read report"))
    if ZipArchive.begins(try source.bytes(at: 0, count: 4)) { return source }
    guard file.path.hasSuffix(".zip") else { return nil }
    throw ZipArchive.error(.corrupt, file.path, "it does not begin as a zip archive does")
  }

  static func unreadable(_ error: StorageError, _ path: FilePath) -> FleetReport.Unreadable {
    FleetReport.Unreadable(source: path, reason: error.message)
  }
}

/// The file that says which nodes a cluster has.
public enum ExpectedNodes {
  /// - Throws: ``StorageError`` where it cannot be read, or names no node: whoever made it asked and got no answer.
  public static func read(_ path: FilePath) throws(StorageError) -> [String] {
    let operation = "read the list of nodes"
    let names = NodeList.names(try DocumentFile.read(path, limit: 16 << 20, operation: operation))
    guard names.isEmpty else { return names }
    throw StorageError(
      .corrupt, operation: operation, path: path, message: "there is no name in it",
      hint: "kubectl get nodes -o name writes such a list.")
  }
}
