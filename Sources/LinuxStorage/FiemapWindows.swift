import CLinuxStorage
import SpaceModel
import Synchronization

/// Asks for the extents of neighbouring parts of a file at once, in two threads.
///
/// A round of windows is asked for, then the answers are taken in order; memory does not grow with the file.
final class FiemapWindows {
  /// Extents that a window has room for.
  static let capacity = 4096
  /// More of them than threads, so that none waits long for the other.
  private static let count = 8
  private static let threads = 2

  /// What was found in one window.
  struct Answer {
    /// What was asked for, in bytes; half-open.
    var range: ByteRange
    /// Those at its edges may reach beyond them.
    var extents: UnsafeBufferPointer<cls_extent>
    /// False: more of them than there is room for, or an answer that makes no sense.
    var isWhole: Bool
    /// 0, or what ioctl(2) answered.
    var error: Int32
  }

  private let descriptor: Int32
  private var room: UnsafeMutableBufferPointer<cls_extent>?
  private(set) var answers: [Answer] = []
  private(set) var roundCount = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { room?.deallocate() }

  /// Fills ``answers``, which stand until it is called again.
  ///
  /// - Parameters:
  ///   - length: Of each window, in bytes.
  ///   - end: Nothing from there on is asked for.
  func ask(from start: UInt64, length: UInt64, before end: UInt64) {
    let room = room ?? .allocate(capacity: Self.count * Self.capacity)
    self.room = room
    var ranges: [ByteRange] = []
    var at = start
    while ranges.count < Self.count, at < end {
      ranges.append(ByteRange(start: at, end: min(end, at.addingClamped(length))))
      at = at.addingClamped(length)
    }
    let round = Round(descriptor: descriptor, ranges: ranges, room: room)
    WorkerThreads.run(min(Self.threads, ranges.count)) { round.work() }
    answers = round.answers
    roundCount += 1
  }

  /// One round, shared by its threads.
  ///
  /// `@unchecked`: each window's part of the memory is written by the one thread that took its number, and read when
  /// all have ended.
  private final class Round: @unchecked Sendable {
    private let descriptor: Int32
    private let ranges: [ByteRange]
    private let room: UnsafeMutableBufferPointer<cls_extent>
    private let next = Atomic<Int>(0)
    private let outcomes: Mutex<[(count: Int, isWhole: Bool, error: Int32)]>

    init(descriptor: Int32, ranges: [ByteRange], room: UnsafeMutableBufferPointer<cls_extent>) {
      self.descriptor = descriptor
      self.ranges = ranges
      self.room = room
      outcomes = Mutex(Array(repeating: (0, false, 0), count: ranges.count))
    }

    func work() {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < ranges.count else { return }
        let outcome = fill(part(index), ranges[index])
        outcomes.withLock { $0[index] = outcome }
      }
    }

    var answers: [Answer] {
      outcomes.withLock { $0 }.enumerated().map { index, outcome in
        Answer(
          range: ranges[index], extents: UnsafeBufferPointer(rebasing: part(index)[..<outcome.count]),
          isWhole: outcome.isWhole, error: outcome.error)
      }
    }

    private func part(_ index: Int) -> UnsafeMutableBufferPointer<cls_extent> {
      UnsafeMutableBufferPointer(
        rebasing: room[index * FiemapWindows.capacity..<(index + 1) * FiemapWindows.capacity])
    }

    private func fill(
      _ part: UnsafeMutableBufferPointer<cls_extent>, _ range: ByteRange
    ) -> (count: Int, isWhole: Bool, error: Int32) {
      var filled = 0
      var at = range.start
      while at < range.end, filled < part.count {
        let free = min(FiemapReader.batch, part.count - filled)
        let count = cls_fiemap(descriptor, at, range.end, part.baseAddress.map { $0 + filled }, UInt32(free))
        guard count >= 0 else { return (filled, false, -count) }
        guard count > 0 else { return (filled, true, 0) }
        filled += Int(count)
        let last = part[filled - 1]
        let (end, overflow) = last.logical.addingReportingOverflow(last.length)
        // No progress: the file changes under us. Whoever asks on from here finds out what became of it.
        guard !overflow, end > at else { return (filled, false, 0) }
        at = end
        if last.flags & cls_FIEMAP_LAST != 0 { return (filled, true, 0) }
      }
      return (filled, at >= range.end, 0)
    }
  }
}
