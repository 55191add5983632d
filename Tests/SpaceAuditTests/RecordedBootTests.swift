import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import SpaceAudit

/// Boot states from recorded roots, below a sysroot.
@Suite struct RecordedBootTests {
  @Test("a node says how it was booted and from which image") func aNodeSaysHowItWasBootedAndFromWhichImage() throws {
    let node = try RecordedRoot()
    try node.boot(
      "cOS/passive.img", sentinel: "passive_mode",
      commandLine: "root=LABEL=COS_STATE cos-img/filename=/cOS/passive.img upgrade_failure")
    let found = node.detect()
    let state = try #require(found.state)
    #expect(state.mode == .passive && state.upgradeFailure == true)
    #expect(state.rootImage == "/run/initramfs/cos-state/cOS/passive.img" && state.rootImageDeleted == false)
    #expect(state.rebootPending == false && state.upgradeRunning == nil)
    #expect(found.isUpgradeRunning == false)
    #expect(found.limits.isEmpty)
  }

  @Test("a root that does not run tells nothing") func aRootThatDoesNotRunTellsNothing() throws {
    let node = try RecordedRoot()
    _ = try node.scratch.directory("run")
    _ = try node.scratch.directory("proc")
    try node.write("etc/os-release", "ID=sle-micro\n")
    let found = node.detect()
    #expect(found.state == nil && found.isUpgradeRunning == nil && found.limits.isEmpty)
  }

  @Test("another system's machine is told nothing of boot images")
  func anotherSystemsMachineIsToldNothingOfBootImages() throws {
    let node = try RecordedRoot()
    try node.write("proc/cmdline", "root=UUID=1 quiet\n")
    try node.write("proc/2/comm", "kthreadd\n")
    let found = node.detect()
    #expect(found.state == nil && found.isUpgradeRunning == false && found.limits.isEmpty)
  }

  @Test("files that contradict are a limit, and the running image decides")
  func filesThatContradictAreALimitAndTheRunningImageDecides() throws {
    let node = try RecordedRoot()
    try node.boot("cOS/active.img", sentinel: "active_mode")
    try node.write("run/cos/recovery_mode", "1")
    let found = node.detect()
    #expect(found.state?.mode == .active)
    #expect(found.limits.map(\.id) == ["boot-mode-ambiguous"])
    #expect(
      found.limits.first?.message == "How the node was booted is taken as active: the kernel command line and the "
        + "files in /run/cos and /run/elemental say active, recovery.")
  }

  @Test("where processes are hidden, that no upgrade runs is not claimed")
  func whereProcessesAreHiddenThatNoUpgradeRunsIsNotClaimed() throws {
    let node = try RecordedRoot()
    try node.boot("cOS/active.img", sentinel: "active_mode")
    try Command.check("rm", "-r", node.scratch.file("proc/2"))
    let found = node.detect()
    #expect(found.isUpgradeRunning == nil)
    #expect(found.limits.map(\.id) == ["upgrade-not-seen"])
  }

  @Test(
    "elemental 2: the link to the active snapshot says whether a reboot is due", arguments: [(2, false), (3, true)])
  func elemental2TheLinkToTheActiveSnapshotSaysWhetherARebootIsDue(active: Int, pending: Bool) throws {
    let node = try RecordedRoot()
    try node.boot(".snapshots/2/snapshot.img", commandLine: "elemental.mode=active elemental.image=active")
    try node.write("run/elemental/active_mode", "1")
    _ = try node.scratch.directory("run/initramfs/cos-state/.snapshots")
    try Command.check(
      "ln", "-s", "\(active)/snapshot.img", node.scratch.file("run/initramfs/cos-state/.snapshots/active"))
    let state = try #require(node.detect().state)
    #expect(state.mode == .active && state.rebootPending == pending)
  }

  @Test("elemental 2 on btrfs: state.yaml says which snapshot is the next", arguments: [(4, false), (5, true)])
  func elemental2OnBtrfsStateYamlSaysWhichSnapshotIsTheNext(active: Int, pending: Bool) throws {
    let node = try RecordedRoot()
    node.mount("0:40", at: "/", type: "btrfs", root: "/@/.snapshots/4/snapshot", source: "/dev/sda4")
    node.mount("0:40", at: "/run/initramfs/elemental-state", type: "btrfs", root: "/@", source: "/dev/sda4")
    node.mount("0:40", at: "/.snapshots", type: "btrfs", root: "/@/.snapshots", source: "/dev/sda4")
    try node.write("proc/cmdline", "elemental.mode=active elemental.snapshotter=btrfs\n")
    try node.write("proc/2/comm", "kthreadd\n")
    for number in [4, 5] { _ = try node.scratch.directory(".snapshots/\(number)/snapshot") }
    _ = try node.scratch.directory(".snapshots/6")
    try node.write(
      "run/initramfs/elemental-state/state.yaml",
      """
      date: "2025-01-01T00:00:00Z"
      snapshotter:
          type: btrfs
          max-snaps: 4
          config: {}
      state:
          label: COS_STATE
          snapshots:
              4:
                  source: oci:x
                  active: \(active == 4)
              5:
                  source: oci:y
                  active: \(active == 5)

      """)
    let state = try #require(node.detect().state)
    #expect(state.mode == .active && state.rebootPending == pending && state.rootImage == nil)
    let layout = try #require(
      BtrfsLayout(node.mounts, device: DeviceNumber(major: 0, minor: 40), node.sysroot)?.layout)
    #expect(layout.kind == .btrfs && layout.hasSnapshots)
    #expect(layout.snapshots?.map(\.number) == [4, 5])
    #expect(layout.activeSnapshot == active && layout.maxSnapshots == 4 && layout.snapshotter == nil)
  }

  @Test(
    "a node of a unified kernel image misses no label, and shows its EFI partition", arguments: ["COS_GRUB", "ESP"])
  func aNodeOfAUnifiedKernelImageMissesNoLabel(label: String) throws {
    let node = try RecordedRoot()
    try node.disk("sda1", minor: 1)
    try node.write(
      "run/udev/data/b8:1",
      "E:ID_FS_TYPE=vfat\nE:ID_FS_USAGE=filesystem\nE:ID_FS_LABEL_ENC=\(label)\nE:ID_PART_ENTRY_SCHEME=gpt\n"
        + "E:ID_PART_ENTRY_NAME=efi\n")
    try node.write("run/cos/uki_boot_mode", "1")
    try node.write("run/cos/active_mode", "1")
    try node.write("proc/cmdline", "rd.immucore.uki console=ttyS0\n")
    try node.write("proc/2/comm", "kthreadd\n")
    var request = AuditRequest()
    request.sysroot = node.sysroot
    var auditor = Auditor(request, prober: NoProber(), worker: nil)
    let report = try auditor.run(tool: .init(name: "headroom", version: "0"), generatedAt: "2026-01-01T00:00:00Z")
      .report
    #expect(report.boot?.mode == .uki && report.boot?.rebootPending == nil)
    #expect(report.findings == [])
    #expect(report.partitions.map(\.device) == ["/dev/sda1"])
    #expect(report.partitions.first?.sizeBytes == .mebibytes(1))
    #expect(report.limits.contains { $0.id == "uki-boot" && $0.message.contains("\(label) (/dev/sda1)") })
  }

  struct Evidence: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var prepare: @Sendable (RecordedRoot) throws -> Void
    var clause: String?
  }

  static let evidence: [Evidence] = [
    Evidence(
      testDescription: "a work tree bound to its place",
      prepare: { $0.mount("8:4", at: "/run/cos/workingtree", root: "/cOS/transition.imgTree") },
      clause: "transition.imgTree is mounted at /run/cos/workingtree"),
    Evidence(
      testDescription: "elemental 2's work tree",
      prepare: { $0.mount("8:4", at: "/run/elemental/workingtree", root: "/.snapshots/3/snapshot.workDir") },
      clause: "snapshot.workDir is mounted at /run/elemental/workingtree"),
    Evidence(
      testDescription: "an image being filled",
      prepare: { $0.mount("7:9", at: "/run/cos/transition") }, clause: "/run/cos/transition is mounted"),
    Evidence(
      testDescription: "another filesystem's work tree",
      prepare: { $0.mount("8:99", at: "/mnt/copy", root: "/cOS/transition.imgTree") }),
    Evidence(
      testDescription: "a loop device on transition.img",
      prepare: { try $0.loop(3, on: "/run/initramfs/cos-state/cOS/transition.img", readOnly: false) },
      clause: "loop3 is on cOS/transition.img"),
    Evidence(
      testDescription: "a writable loop device on a snapshot",
      prepare: { try $0.loop(3, on: "/run/initramfs/cos-state/.snapshots/4/snapshot.img", readOnly: false) },
      clause: "loop3 is on .snapshots/4/snapshot.img"),
    Evidence(
      testDescription: "a snapshot that is only read",
      prepare: { try $0.loop(3, on: "/run/initramfs/cos-state/.snapshots/4/snapshot.img") }),
    Evidence(
      testDescription: "a loop device on another file",
      prepare: { try $0.loop(3, on: "/run/initramfs/cos-state/cOS/passive.img", readOnly: false) }),
    Evidence(
      testDescription: "a transition image on another partition",
      prepare: { try $0.loop(3, on: "/srv/cOS/transition.img", readOnly: false) }),
    Evidence(
      testDescription: "a process", prepare: { try $0.process(700, "elemental", "upgrade") },
      clause: "elemental upgrade (process 700)"),
    Evidence(
      testDescription: "a lock that suc-upgrade left behind",
      prepare: {
        try $0.write("run/cos/upgrade.lock", "")
        try $0.write("proc/locks", "1: FLOCK  ADVISORY  WRITE 99 00:19:1 0 EOF\n")
      }),
    Evidence(
      testDescription: "a lock that is held",
      prepare: {
        try $0.write("run/elemental/upgrade.lock", "")
        let path = FilePath($0.scratch.file("run/elemental/upgrade.lock"))
        guard let status = FileStatus.of(path) else { return }
        let number = DeviceNumber(status.device)
        let device = [number.major, number.minor].map { String($0, radix: 16) }.map { $0.count < 2 ? "0" + $0 : $0 }
        try $0.write(
          "proc/locks",
          "1: POSIX  ADVISORY  READ 5 00:19:77 0 EOF\n"
            + "2: FLOCK  ADVISORY  WRITE 99 \(device.joined(separator: ":")):\(status.inode) 0 EOF\n")
      }, clause: "/run/elemental/upgrade.lock is locked"),
  ]

  @Test("what shows that an upgrade runs", arguments: evidence) func whatShowsThatAnUpgradeRuns(row: Evidence) throws {
    let node = try RecordedRoot()
    try node.boot("cOS/active.img", sentinel: "active_mode", commandLine: "cos-img/filename=/cOS/active.img")
    try row.prepare(node)
    let found = node.detect()
    #expect(found.state?.upgradeRunning == row.clause.map { [$0] })
    #expect(found.isUpgradeRunning == (row.clause != nil))
    #expect(found.state?.mode == .active)
  }
}
