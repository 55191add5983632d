import Glibc
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport
import Synchronization

/// One line on the terminal's standard error: what is read, how far, how fast, how long it will take.
///
/// Ticks come from a timer of its own, because the workers' threads are busy reading.
final class Progress: Sendable {
  private struct State {
    /// Whether a line may be drawn: not off a terminal, and not once results are written.
    var isShown = false
    /// `nil` before anything was begun.
    var stage: String?
    var planned: UInt64 = 0
    var read: UInt64 = 0
    /// When the last event was written.
    var told: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let started: ContinuousClock.Instant = .now
  private let isVerbose: Bool
  /// Also as lines of NDJSON on standard output, for a program that follows the run.
  private let writesEvents: Bool
  /// A stage is mostly a file's name.
  private let eventsNameStages: Bool

  /// - Parameters:
  ///   - writesEvents: As lines of NDJSON, too.
  ///   - redact: What the lines must not hold.
  init(quiet: Bool, verbose: Bool, writesEvents: Bool = false, redact: Redaction? = nil) {
    isVerbose = verbose && !quiet
    self.writesEvents = writesEvents
    eventsNameStages = redact != .names
    guard !quiet, Terminal.isErrorTerminal else { return }
    state.withLock { $0.isShown = true }
    WorkerThreads.detach { [weak self] in
      usleep(300_000)
      while let progress = self, progress.draw() { usleep(200_000) }
    }
  }

  /// Wipes the line; call before results are written.
  func finish() {
    state.withLock { state in
      state.isShown = false
      if Interruption.progressShown.exchange(false, ordering: .relaxed) { Output.toStandardError("\r\u{1B}[K") }
    }
  }

  var monitor: AuditMonitor {
    var monitor = AuditMonitor()
    monitor.onPlan = { bytes in self.state.withLock { $0.planned += bytes } }
    monitor.onRead = { bytes in
      self.state.withLock { state in
        state.read += bytes
        if self.isDue(state) { self.writeEvent(&state) }
      }
    }
    monitor.onStage = { stage in
      self.state.withLock { state in
        state.stage = stage
        if self.writesEvents { self.writeEvent(&state) }
      }
      if self.isVerbose { Output.note(stage) }
    }
    return monitor
  }

  private func isDue(_ state: State) -> Bool {
    writesEvents && state.told.map { $0.duration(to: .now) >= .milliseconds(500) } ?? true
  }

  /// That nobody reads it shows when the report is written.
  private func writeEvent(_ state: inout State) {
    state.told = .now
    if let line = try? Self.event(
      stage: eventsNameStages ? state.stage : nil, read: state.read, planned: state.planned
    ).render() {
      try? Output.write(line)
    }
  }

  /// What is read beyond the plan was planned, too; where there is no plan, none is made up.
  static func event(stage: String?, read: UInt64, planned: UInt64) -> ProgressLine {
    ProgressLine(
      stage: stage?.isEmpty == true ? nil : stage, bytesDone: ByteCount(clamping: read),
      bytesPlanned: planned == 0 ? .zero : ByteCount(clamping: max(planned, read)))
  }

  /// - Returns: Whether to come again.
  private func draw() -> Bool {
    state.withLock { state in
      guard state.isShown else { return false }
      let seconds = started.duration(to: .now) / .seconds(1)
      let line = Self.line(
        stage: state.stage ?? "", read: state.read, planned: state.planned, seconds: seconds, width: Terminal.width)
      Interruption.progressShown.store(true, ordering: .relaxed)
      Output.toStandardError("\r\(line)\u{1B}[K")
      return true
    }
  }

  /// `cOS/passive.img  34 %  1.2 GiB/s  0:03 left`, cut to the width.
  static func line(stage: String, read: UInt64, planned: UInt64, seconds: Double, width: Int) -> String {
    var parts = [stage]
    if read > 0, seconds > 0 {
      let rate = Double(read) / seconds
      // What is allocated is planned; holes inside it make that a little too much.
      if planned >= read {
        parts.append("\(Int(Double(read) / Double(planned) * 100)) %")
        parts.append("\(ByteCount(Int64(rate)))/s")
        let left = Int((Double(planned - read) / rate).rounded(.up))
        parts.append("\(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60) left")
      } else {
        parts.append("\(ByteCount(Int64(rate)))/s")
      }
    }
    return String(parts.joined(separator: "  ").prefix(max(20, width - 1)))
  }
}
