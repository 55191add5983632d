import ArgumentParser
import Glibc
import PartitionScanner
import SpaceAudit
import SpaceModel

/// What the program starts itself as, to open devices that may never answer. Not for people.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Used by headroom itself.", shouldDisplay: false,
    subcommands: [Probe.self, Survey.self, Check.self])

  struct Probe: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "probe", shouldDisplay: false)
    @Argument var devices: [String] = []

    func run() throws { ProbeWorker.run(devices: devices.map { FilePath($0) }, output: STDOUT_FILENO) }
  }

  struct Survey: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "survey", shouldDisplay: false)
    @Argument var task: String

    func run() throws { throw ExitCode(DeviceWorker.serve(task, output: STDOUT_FILENO)) }
  }

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "check", shouldDisplay: false)
    @Argument(parsing: .captureForPassthrough) var words: [String] = []

    func run() throws { TimedGate.serve(words, output: STDOUT_FILENO) }
  }
}
