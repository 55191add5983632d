import ArgumentParser
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

/// An error as the reader of a machine format wants it: as an answer of its own on standard output, with its own exit code.
struct AdaptedError {
  private let error: any Error
  private let format: ReportFormat

  init(_ error: any Error, format: ReportFormat) {
    self.error = error
    self.format = format
  }

  /// Writes the answer, where none was written.
  ///
  /// - Parameter code: What the error amounts to elsewhere; 0 is no error but help or the version.
  func report(_ code: Int32) -> Int32 {
    guard code != ExitStatus.ok else { return format == .nagios ? Verdict.unknown.exitCode : code }
    if code > 128 { return code }
    let empty = Report(
      generatedAt: Clock.timestamp(),
      tool: Report.Tool(name: ToolVersion.name, version: ToolVersion.version, command: .check),
      host: HostDetection.host(Sysroot()), limits: [], partitions: [], findings: [])
    let report = empty.incomplete(because: message)
    if let bytes = try? ReportRenderer(report, style: TextStyle(width: 80, unicode: false)).render(as: format) {
      try? Output.write(bytes)
    }
    return GatePolicy.exitCode(ofVerdict: .unknown, format: format)
  }

  private var message: String {
    if let failure = error as? StorageError { return Finding.sentence(failure) }
    let text = HeadroomCommand.message(for: error)
    let first = text.split(separator: "\n").first.map(String.init) ?? "It could not be done"
    return first.last.map { ".?!".contains($0) } ?? false ? first : first + "."
  }
}
