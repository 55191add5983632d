import ArgumentParser
import Glibc
import LinuxStorage
import SpaceModel

/// The way into the program and the only way out: every error becomes a message and an exit code here.
public enum CommandLineMain {
  /// Parses the command line, runs the command and returns the exit code.
  public static func run() -> Int32 {
    FreedMemory.keep()
    Interruption.install()
    OpenFileLimit.raise()
    do {
      var command = try HeadroomCommand.parsed(Invocation.current.words)
      try command.run()
      return ExitStatus.ok
    } catch {
      let code = report(error)
      guard let adapter = Invocation.current.adapter, !(error is ExitCode) else { return code }
      return AdaptedError(error, format: adapter).report(code)
    }
  }

  private static func report(_ error: any Error) -> Int32 {
    if let failure = error as? StorageError {
      Output.error(failure)
      return failure.code == .cancelled ? ExitStatus.interrupted : ExitStatus.unknown
    }
    // A command has said all it has to say.
    if let code = error as? ExitCode { return code.rawValue }
    let code = HeadroomCommand.exitCode(for: error)
    let message = HeadroomCommand.fullMessage(for: error)
    if code.isSuccess {
      let text = HelpText.arranged(message, width: Terminal.width) + "\n"
      do throws(StorageError) { try Output.write(Array(text.utf8)) } catch { return ExitStatus.unknown }
      return ExitStatus.ok
    }
    // It repeats words of the command line, which may hold anything.
    let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { DisplayText.escaped(String($0)) }
    if !message.isEmpty { Output.toStandardError(lines.joined(separator: "\n") + "\n") }
    // Monitoring reads 1 as a warning; an error of ours is never that.
    return code == .validationFailure ? ExitStatus.usage : ExitStatus.unknown
  }
}

/// How many files may be open at once.
enum OpenFileLimit {
  /// Takes all that is allowed: an image keeps its directory open until it is measured, and there can be thousands.
  static func raise() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

/// The exit codes that are no verdict.
enum ExitStatus {
  static let ok: Int32 = 0
  /// Unknown, or could not finish.
  static let unknown: Int32 = 3
  static let usage: Int32 = 64
  static let interrupted: Int32 = 130
}

/// Tool name and version, as reports state them.
enum ToolVersion {
  static let name = "headroom"
  static let version = "0.1.0"
}

struct HeadroomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: ToolVersion.name,
    abstract: "Audits the disk space of OS images on image-based Linux nodes.",
    usage: """
      headroom audit                     this node: the whole picture
      headroom audit --sysroot /host     a node's root that is mounted elsewhere
      headroom audit --disk node.img     a raw disk image, without root
      headroom check && upgrade          a gate: short answer, exit code
      headroom plan --to v1.8.1 --incoming rootfs.squashfs    will it fit?
      headroom verify                    were the images written whole?
      headroom map passive.img           where its data, zeros and holes are
      headroom reclaim passive.img       dig holes where it holds zeros
      """,
    discussion: """
      Says before an upgrade of Harvester, Elemental or Kairos writes a byte whether it will fit, what wastes the space \
      and what to do; and after it, whether the images were written whole. Only reclaim --apply writes to what it looks at. \
      Results go to standard output, everything else to standard error.
      """,
    version: ToolVersion.version,
    subcommands: [
      AuditCommand.self, CheckCommand.self, PlanCommand.self, VerifyCommand.self, MapCommand.self,
      PartitionsCommand.self, ReclaimCommand.self, CopyCommand.self, RenderCommand.self, FleetCommand.self,
      SchemaCommand.self, CompletionsCommand.self, WorkerCommand.self,
    ])

  /// As `parseAsRoot` does it, sooner for a command line in order: a quick audit spent a third of its time on it.
  ///
  /// A command parsed by itself need not be found among all others, whose options would be collected once more. Whatever
  /// it throws, help included, is said by the whole parser, which knows the way to it; so is what has commands of its
  /// own. The name of the super-command in each configuration keeps `parseAsRoot` from trying first whether a completion
  /// script is asked for.
  static func parsed(_ words: [String]) throws -> any ParsableCommand {
    if let name = words.first,
      let type = configuration.subcommands.first(where: { $0.configuration.commandName == name }),
      type.configuration.subcommands.isEmpty,
      let command = try? type.parseAsRoot(Array(words.dropFirst())), Swift.type(of: command) == type
    {
      return command
    }
    return try parseAsRoot(words)
  }
}
