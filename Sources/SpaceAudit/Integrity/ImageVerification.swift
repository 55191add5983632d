import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import SpaceModel

/// Whether an image was written whole, by what it holds or should hold.
struct ImageVerification {
  let role: ImageRole
  /// On the command line.
  let isNamed: Bool
  let depth: SurveyDepth

  /// - Parameter map: The image's own, settled.
  /// - Returns: `nil` where nothing is to be said of it.
  /// - Throws: ``StorageError`` `.cancelled` only.
  func run(
    _ source: any ImageSource, _ map: ExtentMap, _ inside: InnerInspection, monitor: AuditMonitor
  ) throws(StorageError) -> IntegritySurvey? {
    // What an upgrade may be writing right now is not whole yet.
    guard depth.verification != .none, mustAnswer || role != .transition else { return nil }
    switch inside.filesystem?.filesystemType {
    case "ext2", "ext3", "ext4":
      return try IntegrityCheck.verify(
        source, map: map, readsData: depth.verification == .whole, monitor: monitor)
    case "squashfs":
      if depth.verification == .whole { return squashfs(source, holes: map.holes) }
      return mustAnswer
        ? unknown("It holds a squashfs; only unpacking all of it tells whether it is whole: verify it without --quick.")
        : nil
    case let type?:
      return mustAnswer ? unknown("It holds \(type); only ext2, ext3, ext4 and squashfs can be verified.") : nil
    case nil:
      return try withoutFilesystem(source, map, inside, monitor)
    }
  }

  /// An image whose start was lost must not be passed over because it looks like none.
  private func withoutFilesystem(
    _ source: any ImageSource, _ map: ExtentMap, _ inside: InnerInspection, _ monitor: AuditMonitor
  ) throws(StorageError) -> IntegritySurvey? {
    var survey = try IntegrityCheck.verify(source, map: map, readsData: false, monitor: monitor)
    // There is a signature of ext, and what follows it cannot be read.
    if inside.failure != nil || survey.integrity.state == .damaged { return survey }
    guard mustAnswer || holdsSystem else { return nil }
    if survey.integrity.state == .unknown { survey.integrity.reason = Self.reason(source, map) }
    return survey
  }

  private var mustAnswer: Bool { isNamed && depth.answersForNamed }

  private var holdsSystem: Bool {
    switch role {
    case .active, .passive, .recovery, .snapshot: true
    case .transition, .other: false
    }
  }

  private static func reason(_ source: any ImageSource, _ map: ExtentMap) -> String {
    if map.apparentSize == 0 { return "It is empty: 0 bytes long." }
    if map.source != .blocks, map.holes.first == ByteRange(start: 0, end: map.apparentSize) {
      return "It is one hole: nothing was ever written to it."
    }
    let none = "holds no filesystem that is known, so whether it is whole cannot be told."
    let head = (try? source.bytes(at: 0, count: 4096)) ?? []
    return head.isEmpty || head.contains { $0 != 0 } ? "It \(none)" : "It begins with zeros and \(none)"
  }

  private func unknown(_ reason: String) -> IntegritySurvey {
    IntegritySurvey(integrity: Integrity(state: .unknown, reason: reason))
  }

  private func squashfs(_ source: any ImageSource, holes: [ByteRange]) -> IntegritySurvey {
    do throws(StorageError) {
      return IntegritySurvey(integrity: try SquashfsCheck.verify(source, holes: holes))
    } catch {
      return unknown(error.summary + ".")
    }
  }
}
