import CLinuxStorage
import Glibc
import SpaceModel

/// Work in a child process, so that a call that never returns costs a time limit and not the whole run.
///
/// The child writes lines to its standard output; each line (each byte, to be exact) shows that it is alive. One that
/// is silent for too long is killed. A process inside a stuck system call ignores even SIGKILL: such a one is left
/// behind, not waited for, and `init` reaps it when its call returns.
public enum WorkerProcess {
  /// How a child's run ended.
  public enum Outcome: Sendable, Hashable {
    /// It ended by itself, with this exit status.
    case exited(Int32)
    /// A signal ended it.
    case signalled(Int32)
    /// It said nothing for longer than the limit and was killed.
    case silent
    /// The caller asked for an end, and it was killed.
    case cancelled
    /// It wrote a line longer than the limit and was killed.
    case lineTooLong
  }

  /// How long a child that has closed its standard output may take to end.
  private static let farewellSeconds = 5.0

  /// Starts `executable` and hands each line it writes to `onLine`, without the newline; a last line without one too.
  ///
  /// Standard input is /dev/null, standard error is inherited. `arguments` are ``RawArgument`` text and go out
  /// as the bytes it stands for.
  ///
  /// - Parameters:
  ///   - silenceLimitSeconds: How long the child may write nothing; once it has closed its standard output, it has five
  ///     seconds to end.
  ///   - lineLimitBytes: The longest line that is accepted.
  ///   - isCancelled: Asked every 50 ms or so.
  ///   - onLine: Called on the caller's thread.
  /// - Throws: ``StorageError`` where the child cannot be started, by posix_spawn(3)'s error.
  public static func run(
    executable: FilePath, arguments: [String], silenceLimitSeconds: Double, lineLimitBytes: Int = 64 << 20,
    isCancelled: () -> Bool = { false }, onLine: (ArraySlice<UInt8>) -> Void
  ) throws(StorageError) -> Outcome {
    var child = try Child.start(executable: executable, arguments: arguments)
    defer { child.closeOutput() }
    var lines = LineBuffer(limit: lineLimitBytes)
    var deadline = Deadline(seconds: silenceLimitSeconds)
    while true {
      if isCancelled() { return child.end(as: .cancelled) }
      guard deadline.remainingMilliseconds > 0 else { return child.end(as: .silent) }
      switch child.read(waitingAtMost: min(50, deadline.remainingMilliseconds)) {
      case .nothingYet:
        continue
      case .bytes(let piece):
        deadline = Deadline(seconds: silenceLimitSeconds)
        guard lines.take(piece, onLine) else { return child.end(as: .lineTooLong) }
      case .end:
        lines.finish(onLine)
        child.closeOutput()
        // It has said all that it can; only its end is waited for.
        deadline = Deadline(seconds: min(silenceLimitSeconds, Self.farewellSeconds))
        let outcome = child.awaitExit(until: deadline, isCancelled)
        return outcome ?? child.end(as: isCancelled() ? .cancelled : .silent)
      }
    }
  }
}

/// What the child itself needs.
extension WorkerProcess {
  /// Makes this process die with the thread that started it (prctl(2), PR_SET_PDEATHSIG).
  public static func dieWithParent() { _ = cls_die_with_parent() }

  /// write(2) until all is written.
  ///
  /// - Returns: False where nobody reads any more, or writing fails otherwise.
  public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written > 0 {
          rest = rest.dropFirst(written)
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }
}

/// A running child and the reading end of its standard output.
private struct Child {
  let process: Int32
  private var output: Int32

  enum Piece {
    case nothingYet, end
    case bytes(ArraySlice<UInt8>)
  }

  static func start(executable: FilePath, arguments: [String]) throws(StorageError) -> Child {
    var output: Int32 = -1
    var process: Int32 = -1
    let words: [[UInt8]] = [executable.bytes] + arguments.map(RawArgument.bytes(of:))
    // One block of bytes holds all words, so nothing has to be freed one by one.
    var storage: [CChar] = []
    var offsets: [Int] = []
    for word in words {
      offsets.append(storage.count)
      storage += word.map { CChar(bitPattern: $0) }
      storage.append(0)
    }
    let result = storage.withUnsafeMutableBufferPointer { buffer -> Int32 in
      var argv: [UnsafeMutablePointer<CChar>?] = offsets.map { offset in buffer.baseAddress.map { $0 + offset } }
      argv.append(nil)
      return withCPath(executable) { cls_spawn($0, argv, &output, &process) }
    }
    guard result == 0 else {
      throw SystemCallTable.error(
        operation: "start the worker", path: executable, call: "posix_spawn", errno: -result)
    }
    return Child(process: process, output: output)
  }

  /// Waits for output and reads what is there.
  func read(waitingAtMost milliseconds: Int32) -> Piece {
    var request = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    // A signal (EINTR) counts as nothing yet: the caller looks at its clock and comes again.
    guard poll(&request, 1, milliseconds) > 0 else { return .nothingYet }
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    let got = Glibc.read(output, &piece, piece.count)
    if got > 0 { return .bytes(piece[..<got]) }
    return got < 0 && (errno == EINTR || errno == EAGAIN) ? .nothingYet : .end
  }

  mutating func closeOutput() {
    if output >= 0 { _ = close(output) }
    output = -1
  }

  /// Kills the child and gives it a moment to go; it is not waited for beyond that.
  func end(as outcome: WorkerProcess.Outcome) -> WorkerProcess.Outcome {
    _ = kill(process, SIGKILL)
    _ = awaitExit(until: Deadline(seconds: 0.1))
    return outcome
  }

  /// How the child ended; `nil` if it has not by then, or nobody waits any longer.
  func awaitExit(
    until deadline: Deadline, _ isCancelled: () -> Bool = { false }
  ) -> WorkerProcess.Outcome? {
    var pause: UInt32 = 200
    while true {
      var status: Int32 = 0
      let result = waitpid(process, &status, WNOHANG)
      if result == process {
        // WIFEXITED and its kin are function-like macros, which do not import; the layout is wait(2)'s ABI.
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
      }
      // Somebody else's handler may have reaped it: then its status is lost.
      if result < 0 && errno != EINTR { return .exited(0) }
      guard deadline.remainingMilliseconds > 0, !isCancelled() else { return nil }
      usleep(pause)
      pause = min(pause * 2, 20_000)
    }
  }
}

/// A point on the monotonic clock.
private struct Deadline {
  private let nanoseconds: UInt64

  init(seconds: Double) { nanoseconds = Self.now() + UInt64(min(max(0, seconds), 1e9) * 1e9) }

  /// Rounded up, so that a wait of this length does not end early; 0 once it has passed.
  var remainingMilliseconds: Int32 {
    let now = Self.now()
    return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now + 999_999) / 1_000_000)
  }

  private static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Puts lines together from pieces.
private struct LineBuffer {
  let limit: Int
  private var pending: [UInt8] = []

  init(limit: Int) { self.limit = limit }

  /// - Returns: False once a line is too long.
  mutating func take(_ piece: ArraySlice<UInt8>, _ onLine: (ArraySlice<UInt8>) -> Void) -> Bool {
    var rest = piece
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      pending += rest[..<newline]
      rest = rest[(newline + 1)...]
      guard pending.count <= limit else { return false }
      onLine(pending[...])
      pending.removeAll(keepingCapacity: true)
    }
    pending += rest
    return pending.count <= limit
  }

  mutating func finish(_ onLine: (ArraySlice<UInt8>) -> Void) {
    if !pending.isEmpty { onLine(pending[...]) }
    pending = []
  }
}
