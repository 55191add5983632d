import ArgumentParser
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", _superCommandName: ToolVersion.name,
    abstract: "The audit as a gate: a short answer, and an exit code that says whether to go on.",
    usage: """
      headroom check && upgrade
      headroom check --to v1.8.1 --incoming v1.8.1.json --fail-on warning
      headroom check --sysroot /host --termination-log
      headroom check --timeout 2m --textfile /run/textfile/headroom.prom
      headroom check --format harvester-validator --sysroot /host
      """,
    discussion: """
      Exits 0 where nothing blocks, 2 critical, 3 where that cannot be said (--on-unknown pass lets it through), 1 for a \
      warning with --fail-on warning. Image data is read only when the verdict could turn on it. Under the name \
      check_headroom (a link or a copy) it is a monitoring plugin: --format nagios, -t SECONDS, 10 seconds unless more \
      are given.
      """)

  @OptionGroup(title: "Targets") var targets: TargetOptions
  @OptionGroup(title: "Upgrade") var upgrade: UpgradeOptions
  @OptionGroup(title: "Gate") var gate: GateOptions
  @OptionGroup(title: "Thresholds") var thresholds: ThresholdOptions
  @OptionGroup(title: "Report") var report: ReportOptions

  func run() throws {
    let settings = try gate.settings().orElse(thresholds.settings())
    let run = ReportRun(report, .check)
    defer { run.progress.finish() }
    let measured: GateMeasurement
    if let timeout = settings.timeout {
      measured = try TimedGate(limit: timeout, tool: run.tool).run(targets, monitor: run.progress.monitor)
    } else {
      measured = GateMeasurement(try outcome(settings, tool: run.tool, monitor: run.progress.monitor))
    }
    run.progress.finish()
    for failure in measured.failures { Output.error(failure) }
    let policy = GatePolicy(failOn: settings.failOn ?? .critical, onUnknown: settings.onUnknown ?? .block)
    var code = policy.exitCode(measured.report.verdict, format: report.format)
    if code == ExitStatus.ok, measured.report.findings.contains(where: { $0.id == .targetUnreadable }) {
      // What was named is not there: that is an error, not an answer that somebody may let pass.
      code = policy.exitCodeOfError(format: report.format)
    }
    // After a limit that was not met nothing that may hang is asked again.
    let isCut = measured.report.findings.contains { $0.id == .auditIncomplete }
    let inputs = isCut ? [] : targets.inputs + upgrade.inputs
    let shown = report.redacted(measured.report)
    func attempt(_ body: () throws -> Void) throws {
      do { try body() } catch let error as StorageError {
        // The answer stands; that nobody can read it is a fault of its own.
        Output.error(error)
        code = code == ExitStatus.ok ? policy.exitCodeOfError(format: report.format) : code
      }
    }
    try attempt { try report.emit(shown, inputs: inputs, settings: settings) }
    if let path = gate.terminationLog {
      try attempt {
        let message = ReportSummary(shown).block(limit: TerminationMessage.limitBytes)
        try OutputFile(FilePath(path), inputs: inputs).overwrite(RawArgument.bytes(of: message))
      }
    }
    throw ExitCode(code)
  }

  /// - Throws: ``StorageError`` where something that was named on the command line cannot be used at all.
  func outcome(_ settings: Settings, tool: Report.Tool, monitor: AuditMonitor) throws -> AuditOutcome {
    var request = try targets.request()
    request.warnReclaimable = settings.warnReclaimable
    request.upgrade = try upgrade.choice(settings)
    request.upgrade.isPartial = !targets.isWhole
    return try GateAudit(request, ignoring: Set(settings.ignore ?? []), monitor: monitor)
      .run(tool: tool, generatedAt: Clock.timestamp())
  }
}

/// What Kubernetes keeps of a container that ended.
enum TerminationMessage {
  static let limitBytes = 4096
}
