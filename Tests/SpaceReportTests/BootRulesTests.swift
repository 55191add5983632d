import SpaceModel
import SpaceReport
import Testing

/// What is advised, by how the node was booted: never what would destroy the last good image.
@Suite struct BootRulesTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var boot: BootState
    var product: String?
    var layout: UpgradeLayout.Kind?
    var findings: [Finding.ID: Finding.Severity] = [:]
    var verdict: Verdict = .ok
    /// Words of the remedies together.
    var says: String?
    var never: [String] = []
  }

  private static func boot(
    _ mode: BootState.Mode?, pending: Bool? = nil, deleted: Bool? = nil, failed: Bool? = nil, running: [String]? = nil
  ) -> BootState {
    var boot = BootState(mode: mode)
    boot.rootImage = "/run/initramfs/cos-state/cOS/passive.img"
    boot.rebootPending = pending
    boot.rootImageDeleted = deleted
    boot.upgradeFailure = failed
    boot.upgradeRunning = running
    return boot
  }

  static let rows: [Row] = [
    Row(testDescription: "active: quiet", boot: boot(.active, pending: false, deleted: false)),
    Row(testDescription: "not known: quiet", boot: boot(nil)),
    Row(
      testDescription: "passive under elemental 1: an upgrade would overwrite the only good image",
      boot: boot(.passive, pending: false, failed: true), product: "harvester", layout: .images,
      findings: [.bootedFromPassive: .warning], verdict: .warning, says: "Do not upgrade"),
    Row(
      testDescription: "passive, and nothing is known of the product: as elemental 1", boot: boot(.passive),
      findings: [.bootedFromPassive: .warning], verdict: .warning, says: "Do not upgrade"),
    Row(
      testDescription: "passive on Kairos: an upgrade leaves it alone", boot: boot(.passive), product: "kairos",
      layout: .images, findings: [.bootedFromPassive: .info], says: "Find out why"),
    Row(
      testDescription: "passive under elemental 2: what runs is never deleted", boot: boot(.passive),
      product: "elemental", layout: .loopdevice, findings: [.bootedFromPassive: .info], says: "Find out why"),
    Row(
      testDescription: "upgraded: reboot before the next upgrade", boot: boot(.active, pending: true, deleted: false),
      findings: [.rebootPending: .warning], verdict: .warning, says: "Reboot before you upgrade again"),
    Row(
      testDescription: "upgraded from passive: the good image has no name, and a reboot loses it",
      boot: boot(.passive, pending: true, deleted: true),
      findings: [.rebootPending: .warning, .bootedFromPassive: .warning], verdict: .warning,
      says: "checked before you reboot", never: ["Reboot before", "Do not upgrade."]),
    Row(
      testDescription: "upgraded twice without a reboot", boot: boot(.active, pending: true, deleted: true),
      findings: [.rebootPending: .warning], verdict: .warning, says: "cp --sparse=always", never: ["Reboot before"]),
    Row(
      testDescription: "an upgrade is running: nothing can be judged", boot: boot(.active, running: ["a", "b"]),
      findings: [.upgradeRunning: .warning], verdict: .unknown, says: "Audit again when it has ended."),
    Row(testDescription: "recovery", boot: boot(.recovery), findings: [.bootedFromRecovery: .info]),
    Row(testDescription: "an installation medium", boot: boot(.live), findings: [.bootedFromRecovery: .info]),
    Row(testDescription: "a unified kernel image: a limit, no finding", boot: boot(.uki)),
  ]

  @Test("what is advised depends on what was booted", arguments: rows)
  func whatIsAdvisedDependsOnWhatWasBooted(row: Row) {
    var state = Samples.state([])
    state.layout = row.layout.map { UpgradeLayout(kind: $0) }
    let rules = BootRules(boot: row.boot, product: row.product)
    let findings = rules.findings(for: [state])
    #expect(Dictionary(uniqueKeysWithValues: findings.map { ($0.id, $0.severity) }) == row.findings)
    #expect(Verdict.worst(of: findings) == row.verdict)
    let remedies = findings.compactMap(\.remedy).joined(separator: "\n")
    if let says = row.says { #expect(remedies.contains(says)) }
    for words in row.never { #expect(!remedies.contains(words)) }
    #expect(rules.limits(for: [state]).map(\.id) == (row.boot.mode == .uki ? ["uki-boot"] : []))
  }

  @Test("a unified kernel image's limit names the EFI partition") func aUnifiedKernelImagesLimitNamesTheEFIPartition() {
    var esp = Partition(device: "/dev/sda1", state: .mounted)
    esp.filesystemLabel = "COS_GRUB"
    esp.filesystemType = "vfat"
    let rules = BootRules(boot: BootState(mode: .uki))
    #expect(rules.limits(for: [esp]).first?.message.contains("EFI partition: COS_GRUB (/dev/sda1).") == true)
    #expect(rules.limits(for: []).first?.message.contains("EFI partition, which was not found.") == true)
  }

  @Test("what says that something is not known keeps its remedy while an upgrade runs")
  func whatSaysThatSomethingIsNotKnownKeepsItsRemedyWhileAnUpgradeRuns() {
    let dig = Finding(.imageNotSparse, .warning, target: "t", message: "m", remedy: "fallocate")
    let unreadable = Finding(.imageUnreadable, .warning, target: "t", message: "m", remedy: "Run as root.")
    #expect(BootRules.withoutRemedy(dig).remedy == nil)
    #expect(BootRules.withoutRemedy(unreadable) == unreadable)
  }

  @Test("the boot state stands behind the host in the document, and what is not known is absent")
  func theBootStateStandsBehindTheHostInTheDocument() throws {
    var report = Samples.report([])
    report.boot = BootState(mode: .active)
    report.boot?.rootImage = "/run/initramfs/cos-state/cOS/active.img"
    report.boot?.rootImageDeleted = false
    report.boot?.upgradeFailure = false
    report.boot?.rebootPending = false
    let text = String(decoding: try ReportEncoder.encode(report, indented: false), as: UTF8.self)
    #expect(
      text.contains(
        #"},"boot":{"mode":"active","root_image":"/run/initramfs/cos-state/cOS/active.img","root_image_deleted":false,"#
          + #""upgrade_failure":false,"reboot_pending":false},"verdict":"ok""#))
  }
}
