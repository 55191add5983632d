// Dispatch sources may be used from any thread, but are not marked Sendable on Linux.
@preconcurrency import Dispatch
import Glibc
import SpaceAudit
import SpaceModel
import Synchronization

/// One line on the terminal's standard error: what is read, how far, how fast, how long it will take.
///
/// Ticks come from a timer of its own, because the workers' threads are busy reading.
final class Progress: Sendable {
  private struct State {
    var stage = ""
    var planned: UInt64 = 0
    var read: UInt64 = 0
  }

  private let state = Mutex(State())
  /// `nil` where nothing is shown: a source that was never resumed must not be released.
  private let timer: (any DispatchSourceTimer)?
  private let started: ContinuousClock.Instant = .now
  private let isVerbose: Bool

  init(quiet: Bool, verbose: Bool) {
    isVerbose = verbose && !quiet
    guard !quiet, Terminal.isErrorTerminal else {
      timer = nil
      return
    }
    let timer = DispatchSource.makeTimerSource(queue: .global())
    self.timer = timer
    timer.setEventHandler { @Sendable [weak self] in self?.draw() }
    timer.schedule(deadline: .now() + .milliseconds(300), repeating: .milliseconds(200))
    timer.resume()
  }

  /// Wipes the line; call before results are written.
  func finish() {
    guard let timer else { return }
    timer.cancel()
    // A tick that runs now writes its line before this, or not at all.
    state.withLock { _ in
      if Interruption.progressShown.exchange(false, ordering: .relaxed) {
        Output.toStandardError("\r\u{1B}[K")
      }
    }
  }

  var monitor: AuditMonitor {
    var monitor = AuditMonitor()
    monitor.onPlan = { bytes in self.state.withLock { $0.planned += bytes } }
    monitor.onRead = { bytes in self.state.withLock { $0.read += bytes } }
    monitor.onStage = { stage in
      self.state.withLock { $0.stage = stage }
      if self.isVerbose { Output.note(stage) }
    }
    return monitor
  }

  private func draw() {
    state.withLock { state in
      guard timer?.isCancelled == false else { return }
      let seconds = started.duration(to: .now) / .seconds(1)
      let line = Self.line(
        stage: state.stage, read: state.read, planned: state.planned, seconds: seconds, width: Terminal.width)
      Interruption.progressShown.store(true, ordering: .relaxed)
      Output.toStandardError("\r\(line)\u{1B}[K")
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
