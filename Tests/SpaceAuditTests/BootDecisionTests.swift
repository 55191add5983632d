import SpaceModel
import Testing

@testable import SpaceAudit

@Suite struct BootDecisionTests {
  typealias Image = BootDecision.RunningImage

  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var sentinels: Set<BootState.Mode> = []
    var commandLine: BootState.Mode?
    var image: BootDecision.RunningImage?
    var mode: BootState.Mode?
    var pending: Bool?
    var contradicts = false
  }

  static let rows: [Row] = [
    Row(testDescription: "nothing is known"),
    Row(
      testDescription: "all agree", sentinels: [.active], commandLine: .active, image: Image(role: .active),
      mode: .active, pending: false),
    Row(
      testDescription: "the files alone: the image is not seen", sentinels: [.passive], mode: .passive),
    Row(
      testDescription: "the command line alone", commandLine: .recovery, image: Image(role: .recovery), mode: .recovery),
    Row(testDescription: "the image alone", image: Image(role: .passive), mode: .passive, pending: false),
    Row(
      testDescription: "an upgrade has renamed what runs: it was booted as active, and a reboot is due",
      sentinels: [.active], commandLine: .active, image: Image(role: .passive), mode: .active, pending: true),
    Row(
      testDescription: "two upgrades have deleted what runs", sentinels: [.active], commandLine: .active,
      image: Image(role: .passive, isDeleted: true), mode: .active, pending: true),
    Row(
      testDescription: "an upgrade from passive has deleted what runs", sentinels: [.passive], commandLine: .passive,
      image: Image(role: .passive, isDeleted: true), mode: .passive, pending: true),
    Row(
      testDescription: "Kairos from passive replaces only active: what runs stays", sentinels: [.passive],
      commandLine: .passive, image: Image(role: .passive), mode: .passive, pending: false),
    Row(
      testDescription: "somebody has renamed the good passive to active: it is the active one now",
      sentinels: [.passive], commandLine: .passive, image: Image(role: .active), mode: .active, pending: false,
      contradicts: true),
    Row(
      testDescription: "two files that contradict: the image decides", sentinels: [.active, .passive],
      image: Image(role: .passive), mode: .passive, pending: false, contradicts: true),
    Row(
      testDescription: "a file against the command line, and no image: the command line", sentinels: [.active],
      commandLine: .recovery, mode: .recovery, contradicts: true),
    Row(testDescription: "two files and nothing else", sentinels: [.active, .passive], contradicts: true),
    Row(
      testDescription: "the image is of no known name", sentinels: [.active], commandLine: .active,
      image: Image(role: .other), mode: .active),
    Row(
      testDescription: "elemental 2, the active snapshot", sentinels: [.active], commandLine: .active,
      image: Image(role: .snapshot, snapshot: 2, activeSnapshot: 2), mode: .active, pending: false),
    Row(
      testDescription: "elemental 2, upgraded to a newer one", sentinels: [.active], commandLine: .active,
      image: Image(role: .snapshot, snapshot: 2, activeSnapshot: 3), mode: .active, pending: true),
    Row(
      testDescription: "elemental 2, an older one", sentinels: [.passive], commandLine: .passive,
      image: Image(role: .snapshot, snapshot: 1, activeSnapshot: 3), mode: .passive, pending: false),
    Row(
      testDescription: "elemental 2, which one is active cannot be read", commandLine: .active,
      image: Image(role: .snapshot, snapshot: 1), mode: .active),
    Row(
      testDescription: "a unified kernel image", sentinels: [.uki], commandLine: .uki, mode: .uki),
    Row(
      testDescription: "a unified kernel image on a medium", sentinels: [.live], commandLine: .uki, mode: .live),
    Row(
      testDescription: "a recovery image that was replaced needs no reboot", sentinels: [.recovery],
      commandLine: .recovery, image: Image(role: .recovery, isDeleted: true), mode: .recovery),
  ]

  @Test("what was booted is decided from what agrees", arguments: rows)
  func whatWasBootedIsDecidedFromWhatAgrees(row: Row) {
    let decision = BootDecision(sentinels: row.sentinels, commandLine: row.commandLine, image: row.image)
    #expect(decision.mode == row.mode)
    #expect(decision.rebootPending == row.pending)
    #expect((decision.contradiction != nil) == row.contradicts)
  }

  static let places: [(FilePath, Int?)] = [
    (".snapshots/3/snapshot.img", 3), ("/.snapshots/12/snapshot.img", 12), ("@/.snapshots/4/snapshot", 4),
    ("/@/.snapshots/4/snapshot", 4), ("/run/x/.snapshots/1/snapshot.img", 1), (".snapshots/active", nil),
    (".snapshots/+3/snapshot.img", nil), (".snapshots/3/other.img", nil), (".snapshots/snapshot.img", nil),
    (".snapshots/99999999999999999999/snapshot.img", nil), ("cOS/active.img", nil), ("", nil),
  ]

  @Test("a snapshot's number is in its path", arguments: places) func aSnapshotsNumberIsInItsPath(
    path: FilePath, number: Int?
  ) {
    #expect(SnapshotPlace.number(in: path) == number)
  }

  static let links: [(FilePath, Int?)] = [
    ("2/snapshot.img", 2), ("./2/snapshot.img", 2), ("/run/initramfs/elemental-state/.snapshots/7/snapshot.img", 7),
    ("snapshot.img", nil), ("../../etc/passwd", nil), ("", nil),
  ]

  @Test("and in what the link to the active one holds", arguments: links) func andInWhatTheLinkToTheActiveOneHolds(
    target: FilePath, number: Int?
  ) {
    #expect(SnapshotPlace.number(ofLink: target) == number)
  }
}
