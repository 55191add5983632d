import LinuxStorage
import SpaceModel
import Synchronization

/// Reads the data of a file and finds the allocation units that hold nothing but zeros.
///
/// What lies in the page cache is looked at there; the rest is read. Memory stays flat: work is cut into pieces of a few
/// MiB, a batch of them is taken by the workers at once, and their findings are handed on in file order before the next
/// batch.
struct ZeroScan: Sendable {
  let source: any ImageSource
  let unit: UInt64
  /// Where reading stops: units that pass it are zero when their bytes up to it are.
  let size: UInt64
  var workers = 2
  var access = ScanAccess.automatic
  /// Asked between reads; `true` ends the scan with a `.cancelled` error.
  var isCancelled: @Sendable () -> Bool = { false }
  /// Called with the number of bytes just read, from any worker.
  var onRead: @Sendable (UInt64) -> Void = { _ in }

  /// What a scan finds, in file order.
  enum Event: Sendable {
    /// Whole units that read as zeros.
    case zero(ByteRange)
    /// Whole units that could not be read, and the first error of them.
    case unreadable(ByteRange, StorageError)
  }

  /// A power of two and a multiple of the unit. A smaller mapping costs more than what is in it, a larger one memory.
  private var pieceBytes: UInt64 { max(4 << 20, unit) }
  /// Where the disk is read, a piece is one read: the kernel then sees them one behind the other, and reads ahead.
  private var readBytes: UInt64 { max(UInt64(ScanBuffer.usualBytes), unit) }
  /// Threads for each worker where the disk is read, which is kept busy by more reads than there are processors.
  private static let readersPerWorker = 2
  private static let pieceSpans = 1024
  private static let pieceReach: UInt64 = 32 << 20
  /// Starting threads and waiting for the slower one at each batch's end must not count.
  private static let batchPieces = 64
  /// Of a file in a million extents, what is found fills more memory than what is read.
  private static let batchSpans = 8 * pieceSpans
  /// Holes shorter than this are read along: one long read is cheaper than two short ones.
  private static let gapReadAlong: UInt64 = 32 << 10
  /// A disk with more bad places than this is not worth reading on.
  static let unreadableLimit = 1000

  /// - Throws: ``StorageError``: `.truncated` where the file ends before its data does, `.cancelled`, or `.io` where
  ///   too many places cannot be read.
  func run(_ spans: DataSpans, _ handle: (Event) -> Void) throws(StorageError) {
    var spans = spans
    var rest: ByteRange?
    var joiner = RunJoiner()
    var unreadable = 0
    while let next = rest ?? spans.next() {
      rest = next
      let isCached = source.beginScan(
        of: ByteRange(start: next.start, end: min(next.end, next.start + pieceBytes, size)))
      let length = isCached ? pieceBytes : readBytes
      var batch: [[ByteRange]] = []
      var spanCount = 0
      while batch.count < Self.batchPieces, spanCount < Self.batchSpans,
        let piece = nextPiece(of: length, &spans, &rest)
      {
        batch.append(piece)
        spanCount += piece.count
      }
      for result in process(batch, readers: isCached ? workers : workers * Self.readersPerWorker, unreadable) {
        switch result {
        case .success(let events):
          for event in events {
            joiner.add(event, handle)
            guard case .unreadable(_, let error) = event else { continue }
            unreadable += 1
            if unreadable > Self.unreadableLimit { throw error }
          }
        case .failure(let error):
          // What was found before it stands.
          joiner.finish(handle)
          throw error
        }
      }
    }
    joiner.finish(handle)
  }

  /// Spans of up to `length` together; a longer span is cut.
  private func nextPiece(of length: UInt64, _ spans: inout DataSpans, _ rest: inout ByteRange?) -> [ByteRange]? {
    var piece: [ByteRange] = []
    var room = length
    while room > 0, piece.count < Self.pieceSpans {
      guard let span = rest ?? spans.next() else { break }
      // Readers stay near each other: what one has brought into the cache is let go behind the others.
      if let first = piece.first, span.start - first.start > Self.pieceReach {
        rest = span
        break
      }
      rest = nil
      if span.length > room {
        // Cut where whole pieces end, so that windows of long spans fall on the same places in every file.
        let cut = (span.start + room) & ~(length - 1)
        let end = cut > span.start ? cut : span.start + room
        piece.append(ByteRange(start: span.start, end: end))
        rest = ByteRange(start: end, end: span.end)
        break
      }
      piece.append(span)
      room -= span.length
    }
    return piece.isEmpty ? nil : piece
  }

  /// - Parameter unreadable: How many units could not be read before.
  /// - Returns: A result for each piece; empty ones behind the piece that ends the scan.
  private func process(_ batch: [[ByteRange]], readers: Int, _ unreadable: Int) -> [Result<[Event], StorageError>] {
    let shared = Batch(count: batch.count, unreadable: unreadable)
    WorkerThreads.run(min(readers, batch.count)) {
      let buffer = ScanBuffer(Int(readBytes))
      while true {
        let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        // Pieces are begun in order, so those left out lie behind what ends the scan.
        guard index < batch.count, shared.unreadable.load(ordering: .relaxed) <= Self.unreadableLimit else { return }
        let result = scan(batch[index], buffer)
        shared.unreadable.add(Self.unreadableUnits(result), ordering: .relaxed)
        shared.results.withLock { $0[index] = result }
      }
    }
    return shared.results.withLock { $0 }
  }

  /// What the workers of one batch share.
  private final class Batch: Sendable {
    let next = Atomic<Int>(0)
    let unreadable: Atomic<Int>
    let results: Mutex<[Result<[Event], StorageError>]>

    init(count: Int, unreadable: Int) {
      self.unreadable = Atomic(unreadable)
      results = Mutex(Array(repeating: .success([]), count: count))
    }
  }

  /// A failure counts as more than may be.
  private static func unreadableUnits(_ result: Result<[Event], StorageError>) -> Int {
    guard case .success(let events) = result else { return unreadableLimit + 1 }
    return events.count {
      guard case .unreadable = $0 else { return false }
      return true
    }
  }

  private func scan(_ spans: [ByteRange], _ buffer: ScanBuffer) -> Result<[Event], StorageError> {
    var events: [Event] = []
    var rest = spans[...]
    do throws(StorageError) {
      while let first = rest.first {
        let near = rest.prefix(neighbours(rest, from: first.start))
        rest = rest.dropFirst(near.count)
        try checkCancelled()
        if access != .reading,
          let zeros = source.zerosInPlace(of: near, unit: unit, size: size, access: access)
        {
          for run in zeros { Self.append(run, to: &events) }
          onRead(near.reduce(0) { $0 + $1.length })
        } else {
          try read(near, buffer.memory, &events)
        }
      }
      return .success(events)
    } catch {
      return .failure(error)
    }
  }

  /// How many of the next spans are worth looking at in one window.
  private func neighbours(_ spans: ArraySlice<ByteRange>, from start: UInt64) -> Int {
    var count = 1
    var end = spans[spans.startIndex].end
    for span in spans.dropFirst() {
      guard span.start - end <= Self.gapReadAlong, span.end - start <= pieceBytes else { break }
      end = span.end
      count += 1
    }
    return count
  }

  func checkCancelled() throws(StorageError) {
    guard isCancelled() else { return }
    throw StorageError(.cancelled, operation: "read", path: source.path, message: "it was cancelled")
  }

  static func append(_ zero: ByteRange, to events: inout [Event]) {
    if case .zero(let last)? = events.last, last.end == zero.start {
      events[events.count - 1] = .zero(ByteRange(start: last.start, end: zero.end))
    } else {
      events.append(.zero(zero))
    }
  }
}

/// Joins runs of one kind that meet, as those at the edge of two pieces do.
private struct RunJoiner {
  private var pending: ZeroScan.Event?

  mutating func add(_ event: ZeroScan.Event, _ handle: (ZeroScan.Event) -> Void) {
    switch (pending, event) {
    case (.zero(let run)?, .zero(let range)) where run.end == range.start:
      pending = .zero(ByteRange(start: run.start, end: range.end))
    case (.unreadable(let run, let error)?, .unreadable(let range, _)) where run.end == range.start:
      pending = .unreadable(ByteRange(start: run.start, end: range.end), error)
    default:
      finish(handle)
      pending = event
    }
  }

  mutating func finish(_ handle: (ZeroScan.Event) -> Void) {
    if let pending { handle(pending) }
    pending = nil
  }
}
