import PartitionScanner
import SpaceModel
import SpaceReport
import TestSupport
import Testing

@testable import SpaceAudit

/// Boot states on real loop devices, renamed and replaced while they are mounted, as an upgrade does it.
@Suite(.needsRootAndLoop) struct BootScenarioTests {
  private static let active = "root=LABEL=COS_STATE cos-img/filename=/cOS/active.img"
  private static let passive = "root=LABEL=COS_STATE cos-img/filename=/cOS/passive.img"

  private static func node(_ mode: String = "active", _ more: String = "") throws -> BootedNode {
    try BootedNode(
      booting: "cOS/\(mode).img", sentinel: mode + "_mode", commandLine: (mode == "active" ? active : passive) + more)
  }

  private func ids(_ report: Report) -> [Finding.ID] { report.findings.map(\.id) }

  @Test("a healthy node is quiet: it runs active, and the next boot takes the same")
  func aHealthyNodeIsQuiet() throws {
    let node = try Self.node()
    let report = try node.audit()
    let boot = try #require(report.boot)
    #expect(boot.mode == .active && boot.rebootPending == false && boot.rootImageDeleted == false)
    #expect(boot.rootImage == "/run/initramfs/cos-state/cOS/active.img")
    #expect(boot.upgradeRunning == nil && boot.upgradeFailure == false)
    #expect(report.findings == [] && report.verdict == .ok)
    #expect(report.partitions.first?.layout?.kind == .images)
    let inUse = report.partitions.first?.images?.first { $0.role == .active }?.inUse
    #expect(inUse?.by.hasPrefix("running root") == true && inUse?.writable == false)
  }

  @Test("after an upgrade the running root is passive.img, and a second upgrade would lose it")
  func afterAnUpgradeTheRunningRootIsPassiveAndASecondUpgradeWouldLoseIt() throws {
    let node = try Self.node()
    try node.onState(BootedNode.upgrade)
    let report = try node.audit()
    // The kernel's name follows the rename; what was booted is still the active image.
    #expect(report.boot?.rootImage == "/run/initramfs/cos-state/cOS/passive.img")
    #expect(report.boot?.mode == .active && report.boot?.rebootPending == true)
    #expect(ids(report) == [.rebootPending])
    #expect(report.findings.first?.remedy == "Reboot before you upgrade again.")
    #expect(report.partitions.first?.images?.first { $0.inUse != nil }?.path == "cOS/passive.img")
    #expect(report.verdict == .warning)

    // The second one: what runs has no name any more, so it is the reboot that loses it.
    try node.onState(BootedNode.upgrade)
    let second = try node.audit()
    #expect(second.boot?.mode == .active && second.boot?.rootImageDeleted == true)
    #expect(Set(ids(second)) == [.rebootPending, .backingFileDeleted])
    #expect(second.findings.allSatisfy { $0.remedy?.hasPrefix("Reboot before") == false })
    #expect(second.findings.allSatisfy { $0.remedy != "reboot" })
  }

  @Test("booted from passive: an upgrade would move the broken active over the only good image")
  func bootedFromPassiveAnUpgradeWouldMoveTheBrokenActiveOverTheOnlyGoodImage() throws {
    let node = try Self.node("passive", " upgrade_failure")
    let report = try node.audit()
    #expect(report.boot?.mode == .passive && report.boot?.upgradeFailure == true)
    #expect(report.boot?.rebootPending == false)
    #expect(ids(report) == [.bootedFromPassive])
    let finding = try #require(report.findings.first)
    #expect(finding.severity == .warning)
    #expect(finding.message.contains("upgrade_failure"))
    #expect(finding.remedy?.hasPrefix("Do not upgrade.") == true)
  }

  @Test("booted from passive and upgraded: the only good image is deleted, so no reboot is advised before a check")
  func bootedFromPassiveAndUpgradedTheOnlyGoodImageIsDeleted() throws {
    let node = try Self.node("passive")
    try node.onState(BootedNode.upgrade)
    let report = try node.audit()
    #expect(report.boot?.mode == .passive && report.boot?.rebootPending == true)
    #expect(report.boot?.rootImageDeleted == true)
    #expect(Set(ids(report)) == [.bootedFromPassive, .rebootPending, .backingFileDeleted])
    let pending = try #require(report.findings.first { $0.id == .rebootPending })
    #expect(pending.remedy?.hasPrefix("Have what the next boot takes checked before you reboot") == true)
    // What it offers instead gives the good image back, byte for byte.
    let kept = node.scratch.file("kept.img")
    let source = try Command.check("findmnt", "-no", "SOURCE", node.root).text.split(separator: "\n")[0]
    try Command.check("cp", "--sparse=always", String(source), kept)
    try Command.check("cmp", kept, node.scratch.file("inner.img"))
  }

  @Test("booted from passive on Kairos: an upgrade replaces active alone, and what runs stays")
  func bootedFromPassiveOnKairosAnUpgradeReplacesActiveAloneAndWhatRunsStays() throws {
    let node = try Self.node("passive")
    try node.onState("cp --sparse=always cOS/active.img cOS/transition.img\nmv -f cOS/transition.img cOS/active.img")
    let report = try node.audit()
    #expect(report.boot?.mode == .passive && report.boot?.rebootPending == false)
    #expect(report.boot?.rootImageDeleted == false)
  }

  @Test("while an upgrade runs nothing is a leftover, nothing is to be changed, and the verdict is unknown")
  func whileAnUpgradeRunsNothingIsALeftover() throws {
    let node = try Self.node()
    // A passive image without holes, which would be dug at any other time.
    try node.onState("cat cOS/active.img > cOS/copy.img\nmv -f cOS/copy.img cOS/passive.img")
    #expect(try node.audit().findings(.imageNotSparse).first?.remedy?.contains("fallocate") == true)
    let report = try node.withUpgradeRunning { try node.audit() }
    let clauses = try #require(report.boot?.upgradeRunning)
    #expect(clauses.contains("transition.imgTree is mounted at /run/cos/workingtree"))
    #expect(clauses.contains { $0.hasSuffix("is on cOS/transition.img") })
    #expect(report.verdict == .unknown)
    #expect(report.findings(.upgradeLeftovers).isEmpty)
    #expect(report.findings.filter { $0.remedy != nil }.map(\.id) == [.upgradeRunning])
    #expect(report.findings(.imageNotSparse).count == 1)

    // When it was killed, what it left may go; the commands do just that.
    let after = try node.audit()
    #expect(after.boot?.upgradeRunning == nil)
    let leftovers = try #require(after.findings(.upgradeLeftovers).first)
    let remedy = try #require(leftovers.remedy)
    let below = remedy.split(separator: "\n").map { line in
      line.split(separator: " ").map { $0.hasPrefix("/run/") ? node.root + $0 : String($0) }.joined(separator: " ")
    }
    try Command.check("sh", "-e", "-c", below.joined(separator: "\n"))
    let cleaned = try node.audit()
    #expect(cleaned.findings(.upgradeLeftovers).isEmpty && cleaned.partitions.first?.leftovers == [])
    #expect(Set(cleaned.partitions.first?.images?.map(\.path) ?? []) == ["cOS/active.img", "cOS/passive.img"])
  }

  @Test("a work tree that still has the node's /dev in it is removed without that")
  func aWorkTreeThatStillHasTheNodesDevInItIsRemovedWithoutThat() throws {
    let node = try Self.node()
    try node.onState("mkdir -p cOS/transition.imgTree/dev cOS/transition.imgTree/etc")
    try Command.check("mount", "-o", "remount,rw", node.state)
    let bound = node.state + "/cOS/transition.imgTree/dev"
    let other = try node.scratch.directory("other")
    try node.scratch.write("precious", to: "other/file")
    try Command.check("mount", "--bind", other, bound)
    defer { _ = try? Command.run("umount", bound) }
    _ = try Command.run("rm", "-r", "--one-file-system", node.state + "/cOS/transition.imgTree")
    #expect(try String(contentsOfFile: other + "/file", encoding: .utf8) == "precious")
  }

  @Test("the first upgrade to elemental 2 links what runs under another name: it is not lost")
  func theFirstUpgradeToElemental2LinksWhatRunsUnderAnotherName() throws {
    let node = try Self.node()
    try node.onState(
      """
      mkdir -p .snapshots/1 .snapshots/2
      ln cOS/active.img .snapshots/1/snapshot.img
      cp --sparse=always cOS/active.img .snapshots/2/snapshot.img
      ln -s 2/snapshot.img .snapshots/active
      rm -r cOS
      """)
    let report = try node.audit()
    #expect(report.boot?.mode == .active && report.boot?.rebootPending == true)
    #expect(report.boot?.rootImage == "/run/initramfs/cos-state/.snapshots/1/snapshot.img")
    #expect(report.boot?.rootImageDeleted == false)
    #expect(ids(report) == [.rebootPending])
    let images = try #require(report.partitions.first?.images)
    #expect(images.first { $0.inUse != nil }?.path == ".snapshots/1/snapshot.img")
  }

  @Test("two COS_STATE: what is advised is about the one under the running root, by its mountpoint")
  func twoCosStateWhatIsAdvisedIsAboutTheOneUnderTheRunningRoot() throws {
    let node = try Self.node()
    try node.onState("cat cOS/active.img > cOS/copy.img\nmv -f cOS/copy.img cOS/passive.img\ntouch cOS/transition.img")
    let tree = try node.scratch.directory("clone/cOS")
    try Command.check("cp", "--sparse=never", node.scratch.file("inner.img"), tree + "/passive.img")
    let clone = try LoopMount.makeFilesystem(
      "ext4", in: node.scratch, name: "clone.img", sizeMiB: 64,
      mkfsArguments: ["-L", node.label, "-d", node.scratch.file("clone")])
    let report = try LoopMount.withDevice(image: clone) { _ in try node.audit(InProcessProber()) }
    #expect(report.partitions.count == 2)
    #expect(report.findings(.labelAmbiguous).count == 1)
    #expect(report.boot?.mode == .active && report.boot?.rebootPending == false)
    let searched = report.partitions.filter { $0.images != nil }
    #expect(searched.map(\.mountpoints) == [["/run/initramfs/cos-state"]])
    for id: Finding.ID in [.imageNotSparse, .upgradeLeftovers] {
      #expect(report.findings(id).count == 1)
      #expect(report.findings(id).first?.remedy?.contains("mount -o remount,rw /run/initramfs/cos-state") == true)
    }
  }

  @Test("booted from recovery: its figures hold, and nothing is said of reboots")
  func bootedFromRecoveryItsFiguresHold() throws {
    let node = try BootedNode(
      booting: "cOS/recovery.img", sentinel: "recovery_mode",
      commandLine: "root=LABEL=COS_RECOVERY cos-img/filename=/cOS/recovery.img",
      layout: "mkdir cOS; cp --sparse=always \"$IMAGE\" cOS/recovery.img")
    let report = try node.audit()
    #expect(report.boot?.mode == .recovery && report.boot?.rebootPending == nil)
    #expect(ids(report) == [.bootedFromRecovery] && report.verdict == .ok)
    #expect(report.partitions.first?.layout == nil)
    #expect(report.partitions.first?.usableBytes != nil)
  }

  @Test("elemental 2: after an upgrade the link leads to another snapshot than the one that runs")
  func elemental2AfterAnUpgradeTheLinkLeadsToAnotherSnapshot() throws {
    let node = try BootedNode(
      booting: ".snapshots/2/snapshot.img", sentinel: "active_mode",
      commandLine: "root=LABEL=COS_STATE elemental.mode=active elemental.snapshotter=loopdevice",
      layout: """
        mkdir -p .snapshots/1 .snapshots/2 .snapshots/3/snapshot.workDir
        cp --sparse=always "$IMAGE" .snapshots/1/snapshot.img
        cp --sparse=always "$IMAGE" .snapshots/2/snapshot.img
        ln -s 2/snapshot.img .snapshots/active
        printf 'snapshotter:\\n    type: loopdevice\\n    max-snaps: 2\\n' > state.yaml
        """)
    let before = try node.audit()
    #expect(before.boot?.mode == .active && before.boot?.rebootPending == false)
    let layout = try #require(before.partitions.first?.layout)
    #expect(layout.kind == .loopdevice && layout.activeSnapshot == 2 && layout.maxSnapshots == 2)
    #expect(layout.snapshots?.map(\.number) == [1, 2] && layout.snapshotter == nil)
    #expect(before.findings(.upgradeLeftovers).first?.remedy?.contains("3/snapshot.workDir") == true)
    try node.onState(
      "mv .snapshots/3/snapshot.workDir .snapshots/w\ncp .snapshots/2/snapshot.img .snapshots/3/\nrmdir .snapshots/w\n"
        + "ln -sfn 3/snapshot.img .snapshots/active")
    let after = try node.audit()
    #expect(after.boot?.mode == .active && after.boot?.rebootPending == true)
    #expect(after.boot?.rootImage == "/run/initramfs/cos-state/.snapshots/2/snapshot.img")
    #expect(ids(after) == [.rebootPending])
  }
}

extension Report {
  func findings(_ id: Finding.ID) -> [Finding] { findings.filter { $0.id == id } }
}
