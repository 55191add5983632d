import LinuxStorage
import SpaceModel

/// What came of probing one device.
public enum ProbeOutcome: Sendable, Hashable {
  case facts(DeviceFacts)
  case failed(StorageError)
  /// It did not answer within the limit; whatever asked it may still be stuck.
  case timedOut
}

/// Opens devices and asks libblkid about them.
public protocol DeviceProber: Sendable {
  /// - Returns: One outcome for each device, in the same order.
  func probe(_ devices: [FilePath]) -> [ProbeOutcome]
}

/// Probes in this process: quick, but a device that never answers holds the caller up for ever.
public struct InProcessProber: DeviceProber {
  public init() {}

  public func probe(_ devices: [FilePath]) -> [ProbeOutcome] { devices.map(Self.probe) }

  static func probe(_ device: FilePath) -> ProbeOutcome {
    do throws(StorageError) {
      let file = try ReadOnlyFile.open(device, expecting: .regularFileOrBlockDevice, operation: "probe")
      return .facts(try DeviceFacts.read(file, deviceSectorSize: file.logicalSectorSize()))
    } catch {
      return .failed(error)
    }
  }
}

/// Probes in a child process with a time limit for each device.
///
/// A device that does not answer costs the limit once; the child that is stuck on it is left behind, and a new one goes
/// on with the rest.
public struct ChildProber: DeviceProber {
  public var executable: FilePath
  public var arguments: [String]
  /// How long one device may take.
  public var timeLimitSeconds: Double
  /// Asked every 50 ms or so; once true, what is left fails as cancelled.
  public var isCancelled: @Sendable () -> Bool

  /// - Parameters:
  ///   - executable: A program that calls ``ProbeWorker/run(devices:output:)`` with the paths that stand behind
  ///     `arguments`; ours by default.
  public init(
    executable: FilePath = "/proc/self/exe", arguments: [String] = ["worker", "probe"], timeLimitSeconds: Double = 5,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.executable = executable
    self.arguments = arguments
    self.timeLimitSeconds = timeLimitSeconds
    self.isCancelled = isCancelled
  }

  public func probe(_ devices: [FilePath]) -> [ProbeOutcome] {
    var outcomes: [ProbeOutcome] = []
    while outcomes.count < devices.count {
      let rest = devices[outcomes.count...]
      let end: Result<WorkerProcess.Outcome, StorageError>
      do throws(StorageError) {
        end = .success(
          try WorkerProcess.run(
            executable: executable, arguments: arguments + rest.map { RawArgument.text(of: $0.bytes) },
            silenceLimitSeconds: timeLimitSeconds, lineLimitBytes: 4 << 20, isCancelled: isCancelled,
            onLine: { line in
              // More lines than devices, or one that is not an answer: the device counts as failed below.
              guard outcomes.count < devices.count,
                let outcome = ProbeLine.outcome(of: line, device: devices[outcomes.count])
              else { return }
              outcomes.append(outcome)
            }))
      } catch {
        end = .failure(error)
      }
      guard outcomes.count < devices.count else { break }
      let stuck = devices[outcomes.count]
      switch end {
      case .failure(let error):
        // It will not start for the next one either.
        outcomes += devices[outcomes.count...].map { _ in .failed(error) }
      case .success(.cancelled):
        outcomes += devices[outcomes.count...].map { device in
          .failed(StorageError(.cancelled, operation: "probe", path: device, message: "it was cancelled"))
        }
      case .success(.silent):
        outcomes.append(.timedOut)
      case .success(let ending):
        outcomes.append(.failed(Self.error(of: ending, device: stuck)))
      }
    }
    return outcomes
  }

  private static func error(of ending: WorkerProcess.Outcome, device: FilePath) -> StorageError {
    let how =
      switch ending {
      case .signalled(let signal): "signal \(signal) ended the process that did it"
      case .exited(let status): "the process that did it ended early with status \(status)"
      case .lineTooLong, .silent, .cancelled: "the process that did it broke its limits"
      }
    return StorageError(.io, operation: "probe", path: device, message: how)
  }
}

/// The child's side of ``ChildProber``.
public enum ProbeWorker {
  /// Probes one device after the other and writes each outcome to `output` as a line of its own, as soon as it has it.
  public static func run(devices: [FilePath], output: Int32) {
    WorkerProcess.dieWithParent()
    for device in devices {
      var line = ProbeLine.encoded(InProcessProber.probe(device))
      line.append(UInt8(ascii: "\n"))
      // Nobody reads any more: nothing is left to do.
      guard WorkerProcess.write(line, to: output) else { return }
    }
  }
}
