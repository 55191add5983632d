import LinuxStorage
import SpaceModel
import Synchronization

/// Reads the data of a file and finds the allocation units that hold nothing but zeros.
///
/// Memory stays flat: work is cut into pieces of at most 4 MiB, a batch of them is read by the workers at once, and
/// their findings are handed on in file order before the next batch.
struct ZeroScan: Sendable {
  let source: any ImageSource
  let unit: UInt64
  /// Where reading stops: units that pass it are zero when their bytes up to it are.
  let size: UInt64
  var workers = 2
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

  /// A power of two and a multiple of the unit.
  private var pieceBytes: UInt64 { max(4 << 20, unit) }
  private static let pieceSpans = 1024
  /// Large enough to keep a disk busy without read-ahead, small enough for the processor's cache.
  private static let bufferBytes = 512 << 10
  /// Holes shorter than this are read along: one long read is cheaper than two short ones.
  private static let gapReadAlong: UInt64 = 32 << 10
  /// A disk with more bad places than this is not worth reading on.
  private static let unreadableLimit = 1000

  /// - Throws: ``StorageError``: `.truncated` where the file ends before its data does, `.cancelled`, or `.io` where
  ///   too many places cannot be read.
  func run(_ spans: DataSpans, _ handle: (Event) -> Void) throws(StorageError) {
    var spans = spans
    var rest: ByteRange?
    var joiner = RunJoiner()
    var unreadable = 0
    while true {
      var batch: [[ByteRange]] = []
      while batch.count < workers * 4, let piece = nextPiece(&spans, &rest) { batch.append(piece) }
      if batch.isEmpty { break }
      for result in process(batch) {
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

  /// Spans of up to 4 MiB together; a longer span is cut.
  private func nextPiece(_ spans: inout DataSpans, _ rest: inout ByteRange?) -> [ByteRange]? {
    var piece: [ByteRange] = []
    var room = pieceBytes
    while room > 0, piece.count < Self.pieceSpans {
      guard let span = rest ?? spans.next() else { break }
      rest = nil
      if span.length > room {
        // Cut where whole pieces end, so that windows of long spans fall on the same places in every file.
        let cut = (span.start + room) & ~(pieceBytes - 1)
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

  private func process(_ batch: [[ByteRange]]) -> [Result<[Event], StorageError>] {
    let shared = Batch(count: batch.count)
    WorkerThreads.run(min(workers, batch.count)) {
      let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: max(Self.bufferBytes, Int(unit)), alignment: 4096)
      defer { buffer.deallocate() }
      while true {
        let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < batch.count else { return }
        let result = read(batch[index], buffer)
        shared.results.withLock { $0[index] = result }
      }
    }
    return shared.results.withLock { $0 }
  }

  /// What the workers of one batch share.
  private final class Batch: Sendable {
    let next = Atomic<Int>(0)
    let results: Mutex<[Result<[Event], StorageError>]>

    init(count: Int) { results = Mutex(Array(repeating: .success([]), count: count)) }
  }

  private func read(_ spans: [ByteRange], _ buffer: UnsafeMutableRawBufferPointer) -> Result<[Event], StorageError> {
    var events: [Event] = []
    var index = 0
    var offset = spans[0].start
    do throws(StorageError) {
      while index < spans.count {
        // One read takes as many neighbouring spans as fit the buffer.
        let start = offset
        let limit = start + UInt64(buffer.count)
        var end = min(spans[index].end, limit)
        var last = index
        while end == spans[last].end, last + 1 < spans.count,
          spans[last + 1].start - end <= Self.gapReadAlong, spans[last + 1].end <= limit
        {
          last += 1
          end = spans[last].end
        }
        if isCancelled() {
          throw StorageError(.cancelled, operation: "read", path: source.path, message: "it was cancelled")
        }
        let range = ByteRange(start: start, end: end)
        try readOnce(range, spans[index...last], buffer, &events)
        offset = end
        if end == spans[last].end {
          index = last + 1
          if index < spans.count { offset = spans[index].start }
        } else {
          index = last
        }
      }
      return .success(events)
    } catch {
      return .failure(error)
    }
  }

  /// Reads `range`, and tests the units of `spans` that lie in it.
  private func readOnce(
    _ range: ByteRange, _ spans: ArraySlice<ByteRange>, _ buffer: UnsafeMutableRawBufferPointer,
    _ events: inout [Event]
  ) throws(StorageError) {
    let want = Int(min(range.end, max(size, range.start)) - range.start)
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<want])
    let got: Int
    do throws(StorageError) {
      got = try source.readQuietly(into: target, at: range.start)
    } catch {
      guard error.code == .io else { throw error }
      return try readUnitByUnit(range, spans, buffer, &events)
    }
    onRead(UInt64(got))
    guard got == want else {
      throw cutShort(range.start + UInt64(got))
    }
    for span in spans {
      guard let part = span.intersection(range) else { continue }
      var at = part.start
      while at < part.end {
        let from = Int(at - range.start)
        let count = min(Int(unit), want - from)
        if count <= 0 || ZeroTest.isZero(UnsafeRawBufferPointer(rebasing: buffer[from..<from + count])) {
          Self.append(ByteRange(start: at, length: unit), to: &events)
        }
        at += unit
      }
    }
  }

  private func cutShort(_ end: UInt64) -> StorageError {
    StorageError(
      .truncated, operation: "read", path: source.path,
      message: "it ends at byte \(end), before byte \(size) that it had",
      hint: "Something truncates it. Measure again when it is left alone.")
  }

  /// After a read error: which units are bad, and what the others hold.
  private func readUnitByUnit(
    _ range: ByteRange, _ spans: ArraySlice<ByteRange>, _ buffer: UnsafeMutableRawBufferPointer,
    _ events: inout [Event]
  ) throws(StorageError) {
    var unreadable = 0
    for span in spans {
      guard let part = span.intersection(range) else { continue }
      var at = part.start
      while at < part.end {
        if isCancelled() {
          throw StorageError(.cancelled, operation: "read", path: source.path, message: "it was cancelled")
        }
        let want = Int(min(at + unit, max(size, at)) - at)
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<want])
        do throws(StorageError) {
          let got = try source.readQuietly(into: target, at: at)
          onRead(UInt64(got))
          guard got == want else { throw cutShort(at + UInt64(got)) }
          if ZeroTest.isZero(UnsafeRawBufferPointer(rebasing: buffer[..<got])) {
            Self.append(ByteRange(start: at, length: unit), to: &events)
          }
        } catch {
          guard error.code == .io else { throw error }
          events.append(.unreadable(ByteRange(start: at, length: unit), error))
          unreadable += 1
          guard unreadable <= Self.unreadableLimit else { throw error }
        }
        at += unit
      }
    }
  }

  private static func append(_ zero: ByteRange, to events: inout [Event]) {
    if case .zero(let last)? = events.last, last.end == zero.start {
      events[events.count - 1] = .zero(ByteRange(start: last.start, end: zero.end))
    } else {
      events.append(.zero(zero))
    }
  }
}

/// Joins zero runs that meet at the edge of two pieces.
private struct RunJoiner {
  private var pending: ByteRange?

  mutating func add(_ event: ZeroScan.Event, _ handle: (ZeroScan.Event) -> Void) {
    switch event {
    case .zero(let range):
      if let run = pending, run.end == range.start {
        pending = ByteRange(start: run.start, end: range.end)
      } else {
        finish(handle)
        pending = range
      }
    case .unreadable:
      finish(handle)
      handle(event)
    }
  }

  mutating func finish(_ handle: (ZeroScan.Event) -> Void) {
    if let run = pending { handle(.zero(run)) }
    pending = nil
  }
}
