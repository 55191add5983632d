import SpaceModel

extension Report {
  /// The same as what is known of an audit that did not come to its end: unknown, whatever was found by then, because what
  /// is missing could change it.
  ///
  /// - Parameters:
  ///   - reason: Why it ended, as a sentence.
  ///   - target: What was looked at, where it was named.
  public func incomplete(because reason: String, target: String? = nil) -> Report {
    var report = Report(
      generatedAt: generatedAt, tool: tool, host: host, boot: boot,
      limits: limits + [Limit("audit-incomplete", reason + " What had not been measured by then is missing.")],
      partitions: partitions, projections: projections,
      findings: findings + [
        Finding(
          .auditIncomplete, .warning, target: target ?? "audit",
          message: reason)
      ])
    report.verdict = .unknown
    return report
  }
}
