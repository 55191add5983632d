import FoundationEssentials
import LinuxStorage
import PartitionScanner
import SpaceModel
import Synchronization

/// Surveys an unmounted device in a child process: a disk that stops answering, or a filesystem made to crash its
/// reader, costs one partition and not the audit.
public struct DeviceWorker: Sendable {
  public var executable: FilePath
  /// What makes the executable call ``serve(_:output:)`` with the words behind them.
  public var arguments: [String]
  /// How long the child may read nothing.
  public var silenceLimitSeconds: Double

  public init(
    executable: FilePath = "/proc/self/exe", arguments: [String] = ["worker", "survey"], silenceLimitSeconds: Double = 5
  ) {
    self.executable = executable
    self.arguments = arguments
    self.silenceLimitSeconds = silenceLimitSeconds
  }

  /// What the child is asked, as one JSON argument.
  private struct Task: Codable {
    var partition: ScannedPartition
    var path: FilePath
    var searched: Bool
    var depth: SurveyDepth
  }

  /// A line the child writes: that it reads, or how it ended.
  private struct Line: Codable {
    var planned: UInt64?
    var read: UInt64?
    var stage: String?
    var survey: PartitionSurvey?
    var failure: Failure?

    struct Failure: Codable {
      var operation: String
      var path: FilePath
      var message: String
      var hint: String?
    }
  }

  func survey(
    _ scanned: ScannedPartition, searched: Bool, depth: SurveyDepth, _ request: AuditRequest, _ monitor: AuditMonitor
  ) throws(StorageError) -> PartitionSurvey {
    func failure(_ code: StorageError.Code, _ message: String, _ hint: String? = nil) -> StorageError {
      StorageError(code, operation: "read", path: scanned.device, message: message, hint: hint)
    }
    let task = Task(
      partition: scanned, path: request.sysroot.resolve(device: scanned.container), searched: searched, depth: depth)
    guard let json = try? JSONEncoder().encode(task) else { throw failure(.io, "its description could not be coded") }
    var survey: PartitionSurvey?
    var failed: StorageError?
    let outcome = try WorkerProcess.run(
      executable: executable, arguments: arguments + [RawArgument.text(of: json)],
      silenceLimitSeconds: silenceLimitSeconds, isCancelled: monitor.isCancelled
    ) { bytes in
      guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return }
      if let planned = line.planned { monitor.onPlan(planned) }
      if let read = line.read { monitor.onRead(read) }
      if let stage = line.stage { monitor.onStage(stage) }
      survey = line.survey ?? survey
      failed = line.failure.map {
        StorageError(.io, operation: $0.operation, path: $0.path, message: $0.message, hint: $0.hint)
      }
    }
    if let failed { throw failed }
    if let survey, outcome == .exited(0) { return survey }
    switch outcome {
    case .cancelled: throw .cancelledAudit
    case .silent:
      throw failure(
        .timedOut, "the device did not answer within \(Int(silenceLimitSeconds)) s",
        "Look for I/O errors in the kernel log (dmesg); the process that waits for it was left behind.")
    case .signalled(let signal):
      throw failure(.corrupt, "reading it ended in signal \(signal)", "Check the filesystem with e2fsck -fn.")
    case .exited, .lineTooLong:
      throw failure(.io, "the process that read it ended without an answer")
    }
  }

  // MARK: The child's side

  /// Surveys the device that `task` describes and writes lines to `output`.
  ///
  /// - Returns: The exit status.
  public static func serve(_ task: String, output: Int32) -> Int32 {
    WorkerProcess.dieWithParent()
    guard let task = try? JSONDecoder().decode(Task.self, from: Data(RawArgument.bytes(of: task))) else { return 64 }
    let heartbeat = Heartbeat(output: output)
    var monitor = AuditMonitor()
    monitor.onPlan = { planned in heartbeat.send(Line(planned: planned)) }
    monitor.onRead = { read in heartbeat.add(read) }
    monitor.onStage = { stage in heartbeat.send(Line(stage: stage)) }
    do throws(StorageError) {
      let file = try ReadOnlyFile.open(
        task.path, expecting: .regularFileOrBlockDevice, shown: task.partition.container)
      let source = TickingSource(try FileSource(file)) { heartbeat.add(0) }
      let survey = try Auditor.survey(
        task.partition, in: source, searched: task.searched, depth: task.depth, monitor: monitor)
      heartbeat.flush()
      heartbeat.send(Line(survey: survey))
      return 0
    } catch {
      heartbeat.send(
        Line(
          failure: Line.Failure(
            operation: error.operation, path: error.path, message: error.message, hint: error.hint)))
      return 0
    }
  }

  /// Tells the parent now and then that bytes arrive.
  private final class Heartbeat: Sendable {
    private let output: Int32
    private let state = Mutex<(read: UInt64, sent: ContinuousClock.Instant)>((0, .now))

    init(output: Int32) { self.output = output }

    func add(_ bytes: UInt64) {
      let due: UInt64? = state.withLock { state in
        state.read += bytes
        guard state.sent.duration(to: .now) > .milliseconds(100) else { return nil }
        defer { state = (0, .now) }
        return state.read
      }
      if let due { send(Line(read: due)) }
    }

    func flush() {
      let rest = state.withLock { state in
        defer { state.read = 0 }
        return state.read
      }
      send(Line(read: rest))
    }

    func send(_ line: Line) {
      guard let json = try? JSONEncoder().encode(line) else { return }
      _ = WorkerProcess.write(Array(json) + [UInt8(ascii: "\n")], to: output)
    }
  }
}

/// Another source that says after each read that it happened.
private final class TickingSource: ByteSource {
  private let base: any ByteSource
  private let tick: @Sendable () -> Void
  var path: FilePath { base.path }
  var size: UInt64 { base.size }

  init(_ base: any ByteSource, tick: @escaping @Sendable () -> Void) {
    self.base = base
    self.tick = tick
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    defer { tick() }
    return try base.read(into: buffer, at: offset)
  }

  func readQuietly(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
    defer { tick() }
    return try base.readQuietly(into: buffer, at: offset)
  }

  func willRead(_ ranges: [ByteRange]) { base.willRead(ranges) }
}
