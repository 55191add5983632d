import CLinuxStorage
import SpaceModel
import Synchronization

/// Asks for the extents of neighbouring parts of a file at once, in two threads.
///
/// A round of windows is asked for, then the answers are taken in order; memory does not grow with the file.
struct FiemapWindows {
  /// Extents that a window has room for.
  static let capacity = 4096
  /// More of them than threads, so that none waits long for the other.
  private static let count = 8
  private static let threads = 2

  /// What was found in one window.
  struct Answer: Sendable {
    /// What was asked for, in bytes; half-open.
    var range: ByteRange
    /// Those at its edges may reach beyond them.
    var extents: [cls_extent] = []
    /// False: more of them than there is room for, or an answer that makes no sense.
    var isWhole = false
    /// 0, or what ioctl(2) answered.
    var error: Int32 = 0
  }

  private let descriptor: Int32
  private(set) var roundCount = 0

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// - Parameters:
  ///   - length: Of each window, in bytes.
  ///   - end: Nothing from there on is asked for.
  /// - Returns: The answers about windows from `start` on, each next to the one before it.
  mutating func ask(from start: UInt64, length: UInt64, before end: UInt64) -> [Answer] {
    var ranges: [ByteRange] = []
    var at = start
    while ranges.count < Self.count, at < end {
      ranges.append(ByteRange(start: at, end: min(end, at.addingClamped(length))))
      at = at.addingClamped(length)
    }
    let round = Round(descriptor: descriptor, ranges: ranges)
    WorkerThreads.run(min(Self.threads, ranges.count)) { round.work() }
    roundCount += 1
    return round.answers.withLock { $0 }
  }

  /// One round, shared by its threads.
  private final class Round: Sendable {
    private let descriptor: Int32
    private let ranges: [ByteRange]
    private let next = Atomic<Int>(0)
    let answers: Mutex<[Answer]>

    init(descriptor: Int32, ranges: [ByteRange]) {
      self.descriptor = descriptor
      self.ranges = ranges
      answers = Mutex(ranges.map { Answer(range: $0) })
    }

    func work() {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < ranges.count else { return }
        let answer = answer(about: ranges[index])
        answers.withLock { $0[index] = answer }
      }
    }

    private func answer(about range: ByteRange) -> Answer {
      var answer = Answer(range: range)
      answer.extents = [cls_extent](unsafeUninitializedCapacity: FiemapWindows.capacity) { room, filled in
        (filled, answer.isWhole, answer.error) = fill(room, range)
      }
      return answer
    }

    private func fill(
      _ room: UnsafeMutableBufferPointer<cls_extent>, _ range: ByteRange
    ) -> (count: Int, isWhole: Bool, error: Int32) {
      var filled = 0
      var at = range.start
      while at < range.end, filled < room.count {
        let free = min(FiemapReader.batch, room.count - filled)
        let count = cls_fiemap(descriptor, at, range.end, room.baseAddress.map { $0 + filled }, UInt32(free))
        guard count >= 0 else { return (filled, false, -count) }
        guard count > 0 else { return (filled, true, 0) }
        filled += Int(count)
        let last = room[filled - 1]
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
