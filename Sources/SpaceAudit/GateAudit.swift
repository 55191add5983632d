import SpaceModel
import SpaceReport

/// An audit that is asked for nothing but the verdict: it reads image data only when the verdict could turn on it.
///
/// It measures without reading any first. What an image would give back then lies between nothing and all of its data; if
/// both ends give one verdict, no byte in between changes it. Else it measures again and reads.
public struct GateAudit {
  private let request: AuditRequest
  private let monitor: AuditMonitor
  /// Findings that count for nothing in the verdict.
  private let ignored: Set<Finding.ID>

  public init(_ request: AuditRequest, ignoring ignored: Set<Finding.ID> = [], monitor: AuditMonitor = AuditMonitor()) {
    self.request = request
    self.ignored = ignored
    self.monitor = monitor
  }

  /// - Throws: ``StorageError`` `.cancelled` only.
  public func run(tool: Report.Tool, generatedAt: String) throws(StorageError) -> AuditOutcome {
    var quick = request
    quick.depth.readsData = false
    var first = Auditor(quick, monitor: monitor)
    let outcome = try first.run(tool: tool, generatedAt: generatedAt).ignoring(ignored)
    monitor.onSurveyed?(outcome.report)
    let verdicts = [false, true].map { all in
      outcome.node.giving(all: all).report(tool: tool, generatedAt: generatedAt).ignoring(ignored).verdict
    }
    // The estimate lies between the two; where it says something else, it is what could not be told without reading.
    if verdicts.allSatisfy({ $0 == outcome.report.verdict }) { return outcome }
    var thorough = request
    thorough.depth.readsData = true
    var auditor = Auditor(thorough, monitor: monitor.withoutSurveyed)
    return try auditor.run(tool: tool, generatedAt: generatedAt).ignoring(ignored)
  }
}

extension AuditMonitor {
  /// The second time around everything but the data is known already.
  fileprivate var withoutSurveyed: AuditMonitor {
    var monitor = self
    monitor.onSurveyed = nil
    return monitor
  }
}

extension AuditOutcome {
  /// The same with these findings recorded, but no part of the verdict.
  public func ignoring(_ ids: Set<Finding.ID>) -> AuditOutcome {
    var outcome = self
    outcome.report = report.ignoring(ids)
    return outcome
  }
}
