/// JSON Schema (2020-12) of the documents that are written, for what reads them.
///
/// The files are docs/schema's; the executable carries them.
public enum DocumentSchema: String, Sendable, Hashable, CaseIterable {
  /// ``Report``.
  case report
  /// What `map --json` writes.
  case map
  /// ``PartitionDocument``.
  case partitions
  /// ``PayloadCard``.
  case payload
  /// A line of ``NDJSONReport``, and ``ProgressLine``.
  case event
  /// ``FleetReport``.
  case fleet
  /// ``ReclaimReport``.
  case reclaim
  /// ``CopyResult``, as ``CopyJSON`` writes it.
  case copy

  /// The schema as a file: UTF-8, its last line ended.
  public var document: [UInt8] {
    switch self {
    case .report: PackageResources.report_1_json
    case .map: PackageResources.map_1_json
    case .partitions: PackageResources.partitions_1_json
    case .payload: PackageResources.payload_1_json
    case .event: PackageResources.event_1_json
    case .fleet: PackageResources.fleet_1_json
    case .reclaim: PackageResources.reclaim_1_json
    case .copy: PackageResources.copy_1_json
    }
  }
}
