import LinuxStorage
import SpaceModel
import SpaceReport

/// The node reports in a support bundle: an archive with one for each node inside (`nodes/NAME.zip`), or an archive of
/// reports.
///
/// Nothing is written: a report is unpacked in memory, read and let go before the next. A node's archive is read where it
/// lies in the bundle if it is stored there as it is.
struct FleetArchive {
  /// Archives inside archives.
  private static let deepest = 2

  private var unpacking = ZipUnpacking()
  private var allowance = ZipArchive.Allowance()

  /// - Parameters:
  ///   - source: The archive.
  ///   - isNamed: On the command line; then an archive without a report is one that could not be read.
  static func outcomes(_ source: any ByteSource, isNamed: Bool) -> [FleetMerge.Outcome] {
    var archive = FleetArchive()
    let outcomes = archive.read(source, depth: 1)
    guard isNamed, !outcomes.contains(where: Self.isOfNode) else { return outcomes }
    return outcomes + [
      .unreadable(FleetReport.Unreadable(source: source.path, reason: "there is no node's report in it"))
    ]
  }

  private static func isOfNode(_ outcome: FleetMerge.Outcome) -> Bool {
    switch outcome {
    case .report, .node, .unreadable: true
    case .skipped: false
    }
  }

  private mutating func read(_ source: any ByteSource, depth: Int) -> [FleetMerge.Outcome] {
    do throws(StorageError) {
      let archive = try ZipArchive(source, &allowance)
      return archive.entries.sorted { $0.name < $1.name }.flatMap { read($0, in: archive, depth: depth) }
    } catch {
      return [.unreadable(FleetReading.unreadable(error, source.path))]
    }
  }

  private mutating func read(
    _ entry: ZipArchive.Entry, in archive: ZipArchive, depth: Int
  ) -> [FleetMerge.Outcome] {
    guard !entry.isDirectory, let kind = FleetFiles.kind(of: entry.name) else { return [] }
    // A bundle holds the logs of everything; reports are in those of this tool's own pods.
    let isOurs = entry.name.bytes.contains("headroom".utf8)
    if kind == .log, !isOurs { return [] }
    let path = archive.source.path.joined(entry.name)
    do throws(StorageError) {
      if entry.isHostile {
        throw ZipArchive.error(.corrupt, path, "its name leads out of the archive, which no support bundle's does")
      }
      if entry.name.hasSuffix(".zip") { return try nested(entry, in: archive, path: path, depth: depth) }
      guard entry.expandedBytes <= UInt64(FleetReading.reportLimit) else {
        let limit = ByteCount(clamping: FleetReading.reportLimit)
        throw ZipArchive.error(.unsupported, path, "it is larger than any report is (\(limit))")
      }
      let bytes = try unpacking.bytes(of: entry, in: archive)
      let file = FleetFile(path: path, kind: kind, isNamed: false)
      return FleetDocument(bytes, file).outcomes(mayBeOthers: !isOurs)
    } catch {
      return [.unreadable(FleetReading.unreadable(error, path))]
    }
  }

  private mutating func nested(
    _ entry: ZipArchive.Entry, in archive: ZipArchive, path: FilePath, depth: Int
  ) throws(StorageError) -> [FleetMerge.Outcome] {
    guard depth < Self.deepest else {
      throw ZipArchive.error(.unsupported, path, "it is an archive inside an archive inside an archive")
    }
    let source: any ByteSource =
      entry.method == 0 && entry.compressedBytes == entry.expandedBytes
      ? SourceSlice(of: archive.source, range: try archive.range(of: entry), path: path)
      : MemorySource(try unpacking.bytes(of: entry, in: archive), path: path)
    let outcomes = read(source, depth: depth + 1)
    let hasReport = outcomes.contains { if case .report = $0 { true } else { false } }
    let name = FilePath(bytes: entry.name.lastComponent.bytes.dropLast(".zip".utf8.count))
    guard !hasReport, entry.name.components.dropLast().last == "nodes", !name.bytes.isEmpty else { return outcomes }
    // The bundle collects from every node, so a node without a report is one that is missing.
    return outcomes + [.node(name.utf8 ?? name.display)]
  }
}
