import LinuxStorage
import SpaceModel
import SpaceReport
import UpgradeProjection

/// What an upgrade makes of a filesystem before and after holes were dug on it.
struct ReclaimProjection {
  private let outcome: AuditOutcome
  private let device: FilePath
  private let tool: Report.Tool

  /// Audits the device, reading no image data.
  ///
  /// - Parameter upgrade: The one to project.
  /// - Throws: ``StorageError`` `.cancelled` only.
  init(
    device: FilePath, sysroot: Sysroot, upgrade: UpgradeChoice, tool: Report.Tool, generatedAt: String,
    monitor: AuditMonitor
  ) throws(StorageError) {
    var request = AuditRequest()
    request.sysroot = sysroot
    // By device and not by label, which several may carry.
    request.devices = [device]
    request.upgrade = upgrade
    request.depth.readsData = false
    request.depth.verification = .none
    var quiet = AuditMonitor()
    quiet.isCancelled = monitor.isCancelled
    var auditor = Auditor(request, monitor: quiet)
    outcome = try auditor.run(tool: tool, generatedAt: generatedAt)
    self.device = device
    self.tool = tool
  }

  /// As things are. `nil` where none can be made.
  var now: [Projection]? { own(outcome.report) }

  /// As things will be when the filesystem has got so much more room.
  ///
  /// - Parameter gains: By path below the filesystem's root.
  func after(_ gains: [FilePath: ByteCount]) -> [Projection]? {
    var node = outcome.node
    let all = gains.values.reduce(ByteCount.zero, +)
    node.partitions = node.partitions.map { partition in
      guard partition.device == device else { return partition }
      var later = partition
      later.freeBytes = partition.freeBytes.map { $0 + all }
      later.availableBytes = partition.availableBytes.map { $0 + all }
      later.usableBytes = partition.usableBytes.map { $0 + all }
      later.images = partition.images?.map { image in
        guard let gain = gains[image.path] else { return image }
        var dug = image
        dug.allocatedBytes = image.allocatedBytes - gain
        dug.reclaimableBytes = .zero
        return dug
      }
      return later
    }
    return own(node.report(tool: tool, generatedAt: outcome.report.generatedAt))
  }

  private func own(_ report: Report) -> [Projection]? {
    let projections = report.projections.filter { $0.device == device }
    return projections.isEmpty ? nil : projections
  }
}
