import SpaceModel
import Testing

@testable import SpaceAudit

@Suite struct KernelCommandLineTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var mode: BootState.Mode?
    var text: String
    var failed = false
  }

  static let rows: [Row] = [
    Row(
      testDescription: "Harvester, active", mode: .active,
      text: "BOOT_IMAGE=(loop0)/boot/vmlinuz console=tty1 root=LABEL=COS_STATE cos-img/filename=/cOS/active.img "
        + "panic=0 net.ifnames=1 rd.cos.oemtimeout=120 rd.cos.oemlabel=COS_OEM"),
    Row(
      testDescription: "Harvester, fallen back", mode: .passive,
      text: "root=LABEL=COS_STATE cos-img/filename=/cOS/passive.img panic=0 upgrade_failure", failed: true),
    Row(
      testDescription: "elemental 1, recovery", mode: .recovery,
      text: "root=LABEL=COS_RECOVERY cos-img/filename=/cOS/recovery.img"),
    Row(testDescription: "elemental-cli 0.1, active", mode: .active, text: "root=LABEL=COS_ACTIVE selinux=0"),
    Row(testDescription: "elemental-cli 0.1, passive", mode: .passive, text: "root=LABEL=COS_PASSIVE"),
    Row(testDescription: "elemental-cli 0.1, recovery", mode: .recovery, text: "root=LABEL=COS_SYSTEM"),
    Row(
      testDescription: "elemental 2, active snapshot", mode: .active,
      text: "root=LABEL=COS_STATE elemental.mode=active elemental.image=active elemental.snapshotter=loopdevice"),
    Row(
      testDescription: "elemental 2, an older snapshot", mode: .passive,
      text: "root=LABEL=COS_STATE elemental.mode=passive elemental.image=3 elemental.snapshotter=btrfs"),
    Row(
      testDescription: "elemental 2, recovery", mode: .recovery,
      text: "root=LABEL=COS_RECOVERY elemental.mode=recovery elemental.image=recovery"),
    Row(
      testDescription: "Kairos, a recovery that is a squashfs is no live system", mode: .recovery,
      text: "root=live:LABEL=COS_RECOVERY rd.live.dir=/ rd.live.squashimg=recovery.squashfs"),
    Row(
      testDescription: "an installation medium", mode: .live,
      text: "root=live:CDLABEL=COS_LIVE rd.live.dir=/ rd.live.squashimg=rootfs.squashfs rd.cos.disable"),
    Row(testDescription: "an installation from the network", mode: .live, text: "netboot ip=dhcp root=/dev/ram0"),
    Row(
      testDescription: "a unified kernel image", mode: .uki,
      text: "console=ttyS0 rd.immucore.uki net.ifnames=1 root=/dev/ram0"),
    Row(
      testDescription: "Kairos from memory: the files in /run say it", text: "kairos.ram root=live:http://x rd.live.ram"
    ),
    Row(
      testDescription: "the last of two counts", mode: .passive,
      text: "cos-img/filename=/cOS/active.img cos-img/filename=/cOS/passive.img"),
    Row(testDescription: "another system", text: "root=UUID=1234 ro quiet"),
    Row(
      testDescription: "words that only look like it",
      text: "myroot=LABEL=COS_ACTIVE xcos-img/filename=active upgrade_failures"),
    Row(testDescription: "nothing", text: ""),
  ]

  @Test("the kernel command line says what was booted", arguments: rows)
  func theKernelCommandLineSaysWhatWasBooted(row: Row) {
    let line = KernelCommandLine(row.text + "\n")
    #expect(line.mode == row.mode)
    #expect(line.saysUpgradeFailed == row.failed)
  }

  static let sentinels: [(Set<String>, Set<BootState.Mode>)] = [
    ([], []), (["active_mode"], [.active]), (["passive_mode"], [.passive]), (["recovery_mode"], [.recovery]),
    (["live_mode"], [.live]), (["autoreset_mode"], [.recovery]),
    // Immucore writes both.
    (["active_mode", "uki_boot_mode"], [.uki]), (["live_mode", "uki_install_mode"], [.live]),
    (["active_mode", "passive_mode"], [.active, .passive]), (["cos-layout.env", "unknown"], []),
  ]

  @Test("the files of the initramfs say it too", arguments: sentinels)
  func theFilesOfTheInitramfsSayItToo(names: Set<String>, modes: Set<BootState.Mode>) {
    #expect(BootSentinels.modes(of: names) == modes)
  }
}
