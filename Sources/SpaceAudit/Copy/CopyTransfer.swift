import ExtentAnalyzer
import LinuxStorage
import SpaceModel
import Synchronization

/// Reads the data of a file and writes what of it is not zeros; two threads, so that one reads while the other writes.
struct CopyTransfer: Sendable {
  let source: LiveFile
  let plan: CopyPlan
  let monitor: AuditMonitor
  /// Whether the kernel is asked to copy long runs (``CopyTransfer/isRemote(_:)``).
  var usesCopyRange = false

  /// What was found and done.
  struct Totals: Sendable {
    /// Units that are more than zeros, in bytes of the file.
    var dataBytes: UInt64 = 0
    /// The same, the last unit whole: what the copy allocates.
    var unitBytes: UInt64 = 0
    /// What copy_file_range(2) took over.
    var rangeBytes: UInt64 = 0
  }

  private static let pieceBytes: UInt64 = 1 << 20
  private static let workers = 2
  /// So many pieces are sent to the disk at once: long enough for extents and requests of a good length.
  private static let writebackPieces = 16
  /// Below that a call to the server costs more than sending the data.
  private static let leastCopyRange = 256 << 10

  /// Where copying by the kernel helps: a file server copies without sending the data to and fro. A local filesystem only
  /// reads again what was just read to find zeros.
  static func isRemote(_ type: String?) -> Bool { type == "nfs" || type == "fuse" }

  private final class Shared: Sendable {
    let next = Atomic<Int>(0)
    let state: Mutex<State>

    init(pieces: Int) { state = Mutex(State(isWritten: Array(repeating: false, count: pieces))) }
  }

  private struct State {
    var totals = Totals()
    var failure: StorageError?
    var isWritten: [Bool]
    /// Pieces from the start that are all written, and those of them that were sent to the disk.
    var whole = 0
    var sent = 0
    var isSending = false

    mutating func note(_ index: Int, _ part: Totals) {
      totals.dataBytes += part.dataBytes
      totals.unitBytes += part.unitBytes
      totals.rangeBytes += part.rangeBytes
      isWritten[index] = true
      while whole < isWritten.count, isWritten[whole] { whole += 1 }
    }

    /// - Returns: The pieces that are to be sent to the disk next. One after the other and never one behind a gap: what is
    ///   allocated later in the middle splits a leaf of the extent tree, and the copy takes more blocks than the source.
    mutating func takeDue() -> Range<Int>? {
      guard !isSending, whole - sent >= CopyTransfer.writebackPieces else { return nil }
      defer { sent = whole }
      isSending = true
      return sent..<whole
    }
  }

  /// - Parameter target: `nil`: nothing is written, only counted.
  /// - Throws: ``StorageError`` of the first piece that fails.
  func run(to target: NewFile?) throws(StorageError) -> Totals {
    let length = max(Self.pieceBytes, plan.unit)
    let pieces = plan.pieces(of: length)
    let shared = Shared(pieces: pieces.count)
    let writer = target?.writer
    defer { withExtendedLifetime(target) {} }
    WorkerThreads.run(min(Self.workers, max(1, pieces.count))) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(length), alignment: 4096)
      defer { buffer.deallocate() }
      while true {
        let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < pieces.count, shared.state.withLock({ $0.failure == nil }) else { return }
        do throws(StorageError) {
          let part = try copy(pieces[index], buffer, writer)
          shared.state.withLock { $0.note(index, part) }
          while let writer, let due = shared.state.withLock({ $0.takeDue() }) {
            writer.beginWriteback(ByteRange(start: pieces[due.lowerBound].start, end: pieces[due.upperBound - 1].end))
            shared.state.withLock { $0.isSending = false }
          }
        } catch {
          shared.state.withLock { if $0.failure == nil { $0.failure = error } }
        }
      }
    }
    let state = shared.state.withLock { $0 }
    if let failure = state.failure { throw failure }
    return state.totals
  }

  private func copy(
    _ piece: ByteRange, _ buffer: UnsafeMutableRawBufferPointer, _ writer: SharedFileWriter?
  ) throws(StorageError) -> Totals {
    if monitor.isCancelled() {
      throw StorageError(.cancelled, operation: "copy", path: source.path, message: "it was cancelled")
    }
    let memory = UnsafeMutableRawBufferPointer(rebasing: buffer[..<Int(piece.length)])
    let got = try source.readQuietly(into: memory, at: piece.start)
    guard got == memory.count else {
      throw StorageError(
        .truncated, operation: "copy", path: source.path,
        message: "it ends at byte \(piece.start + UInt64(got)), before byte \(plan.size) that it had",
        hint: "Something truncates it. Copy it when it is left alone.")
    }
    var totals = Totals()
    for run in plan.runs(in: UnsafeRawBufferPointer(memory)) {
      let range = ByteRange(start: piece.start + UInt64(run.lowerBound), length: UInt64(run.count))
      totals.dataBytes += range.length
      totals.unitBytes += range.expanded(toMultipleOf: plan.unit).length
      guard let writer else { continue }
      var done = 0
      if usesCopyRange, run.count >= Self.leastCopyRange {
        done = Int(try writer.copyRange(range, from: source.file))
        totals.rangeBytes += UInt64(done)
      }
      let rest = UnsafeRawBufferPointer(rebasing: memory[(run.lowerBound + done)..<run.upperBound])
      try writer.write(rest, at: range.start + UInt64(done))
    }
    monitor.onRead(piece.length)
    return totals
  }
}
