/// Which verdicts a gate lets pass, and how its exit code says so. Pure.
///
/// The numbers are those of the verdict; a format whose reader expects others has its own.
public struct GatePolicy: Sendable, Hashable {
  public enum FailOn: String, Sendable, Hashable, CaseIterable { case critical, warning }
  public enum OnUnknown: String, Sendable, Hashable, CaseIterable { case block, pass }

  public var failOn: FailOn
  public var onUnknown: OnUnknown

  public init(failOn: FailOn = .critical, onUnknown: OnUnknown = .block) {
    self.failOn = failOn
    self.onUnknown = onUnknown
  }

  /// The exit code of `check`.
  ///
  /// Monitoring has a number for each verdict, so what passes a gate is no matter there.
  public func exitCode(_ verdict: Verdict, format: ReportFormat) -> Int32 {
    if let adapted = Self.adapted(verdict, format: format) { return adapted }
    switch verdict {
    case .warning where failOn == .critical: return Verdict.ok.exitCode
    case .unknown where onUnknown == .pass: return Verdict.ok.exitCode
    case .ok, .warning, .critical, .unknown: return verdict.exitCode
    }
  }

  /// The exit code where the answer is good and something else went wrong.
  public func exitCodeOfError(format: ReportFormat) -> Int32 {
    Self.adapted(.unknown, format: format) ?? Verdict.unknown.exitCode
  }

  /// The exit code of the commands whose exit code is the verdict itself (`plan`, `verify`).
  public static func exitCode(ofVerdict verdict: Verdict, format: ReportFormat) -> Int32 {
    adapted(verdict, format: format) ?? verdict.exitCode
  }

  /// The number a format's reader expects; `nil` where that is ours.
  private static func adapted(_ verdict: Verdict, format: ReportFormat) -> Int32? {
    switch format {
    case .nagios: verdict.exitCode
    // node-problem-detector: 0 healthy, 1 a problem, anything else unknown.
    case .npd: verdict == .critical ? 1 : verdict == .unknown ? 2 : 0
    // Harvester's pre-check reads the text; another exit code only restarts the pod.
    case .harvesterValidator: 0
    case .text, .json, .ndjson, .prometheus, .html, .markdown: nil
    }
  }
}
