import ArgumentParser
import FoundationEssentials
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport
import Synchronization

/// What a gate decides by.
struct GateMeasurement {
  var report: Report
  var failures: [StorageError] = []

  init(report: Report) { self.report = report }

  init(_ outcome: AuditOutcome) {
    report = outcome.report
    failures = outcome.failures
  }
}

/// A check that ends in time, whatever a device or a filesystem does.
///
/// A call that hangs inside the kernel cannot be interrupted, not even by ending the process it is in. So the check runs
/// in a child that tells after each partition what is known; when the time is over it is left behind, and the last that it
/// told is the report.
struct TimedGate {
  let limit: Duration
  let tool: Report.Tool

  /// A line of the child.
  struct Line: Codable {
    var planned: UInt64?
    var read: UInt64?
    var stage: String?
    /// What is known so far.
    var known: Report?
    var final: Report?
    var failures: [Failure]?
    /// It could not even begin.
    var fault: Failure?
  }

  struct Failure: Codable {
    var operation: String
    var path: FilePath
    var message: String
    var hint: String?
    var call: String?
    var errno: Int32?
    var text: String?

    init(_ error: StorageError) {
      operation = error.operation
      path = error.path
      message = error.message
      hint = error.hint
      call = error.cause?.call
      errno = error.cause?.errno
      text = error.cause?.text
    }

    var error: StorageError {
      var cause: SystemCallError?
      if let call, let errno, let text { cause = SystemCallError(call: call, errno: errno, text: text) }
      return StorageError(.io, operation: operation, path: path, message: message, hint: hint, cause: cause)
    }
  }

  /// - Throws: ``StorageError`` where the check could not begin, or its process not be started.
  func run(_ targets: TargetOptions, monitor: AuditMonitor) throws -> GateMeasurement {
    let started = ContinuousClock.now
    var known: Report?
    var measured: GateMeasurement?
    var fault: StorageError?
    let outcome = try WorkerProcess.run(
      executable: "/proc/self/exe", arguments: ["worker", "check"] + Invocation.current.wordsOfCommand,
      silenceLimitSeconds: 1e9, isCancelled: { started.duration(to: .now) >= limit }
    ) { bytes in
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return }
      if let planned = line.planned { monitor.onPlan(planned) }
      if let read = line.read { monitor.onRead(read) }
      if let stage = line.stage { monitor.onStage(stage) }
      known = line.known ?? known
      fault = line.fault?.error ?? fault
      guard let final = line.final else { return }
      measured = GateMeasurement(report: final)
      measured?.failures = line.failures?.map(\.error) ?? []
    }
    if let fault { throw fault }
    if let measured { return measured }
    let partial = known ?? empty(targets)
    let reason =
      switch outcome {
      case .cancelled, .silent: "The check was not done within \(Self.words(limit))."
      case .signalled(let signal): "The check was ended by signal \(signal)."
      case .exited, .lineTooLong: "The check ended without an answer."
      }
    return GateMeasurement(report: partial.incomplete(because: reason, target: targets.first))
  }

  /// Nothing is known yet but which node it is.
  private func empty(_ targets: TargetOptions) -> Report {
    // Below a sysroot even reading its name may hang.
    let isMachine = targets.disk.isEmpty && targets.image.isEmpty && targets.sysroot == nil
    return Report(
      generatedAt: Clock.timestamp(), tool: tool, host: isMachine ? HostDetection.host(Sysroot()) : Report.Host(),
      limits: [], partitions: [], findings: [])
  }

  static func words(_ duration: Duration) -> String {
    let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
  }

  // MARK: The child's side

  /// Runs the check that `words` describe, and writes lines.
  static func serve(_ words: [String], output: Int32) {
    WorkerProcess.dieWithParent()
    let writing = Mutex(output)
    @Sendable func send(_ line: Line) {
      guard let json = try? JSONEncoder().encode(line) else { return }
      writing.withLock { _ = WorkerProcess.write(Array(json) + [UInt8(ascii: "\n")], to: $0) }
    }
    do {
      let command = try CheckCommand.parse(words)
      let settings = try command.gate.settings().orElse(command.thresholds.settings())
      var monitor = AuditMonitor()
      monitor.onPlan = { send(Line(planned: $0)) }
      monitor.onRead = { send(Line(read: $0)) }
      monitor.onStage = { send(Line(stage: $0)) }
      let ignored = Set(settings.ignore ?? [])
      monitor.onSurveyed = { send(Line(known: $0.ignoring(ignored))) }
      let tool = Report.Tool(name: ToolVersion.name, version: ToolVersion.version, command: .check)
      let outcome = try command.outcome(settings, tool: tool, monitor: monitor)
      send(Line(final: outcome.report, failures: outcome.failures.map(Failure.init)))
    } catch let error as StorageError {
      send(Line(fault: Failure(error)))
    } catch {
      send(
        Line(
          fault: Failure(
            StorageError(.io, operation: "run the check", path: "/proc/self/exe", message: "\(error)"))))
    }
  }
}
