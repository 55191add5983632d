import SpaceModel
import Testing

@testable import SpaceReport

@Suite("What is said of an image that was not written whole") struct IntegrityRulesTests {
  private static func image(_ role: ImageRole, _ state: Integrity.State?, inUse: Bool = false) -> ImageUsage {
    var image = Samples.image(
      role == .active ? "cOS/active.img" : "cOS/passive.img", role: role, allocated: .gibibytes(1), sparse: true)
    if let state { image.integrity = Integrity(state: state, reason: "R.", checked: ["holes", "zeros"]) }
    if inUse { image.inUse = ImageInUse(by: "running root (loop0)", writable: false) }
    return image
  }

  private static func findings(
    _ active: Integrity.State?, _ passive: Integrity.State?, booted: BootState.Mode?
  ) -> [Finding] {
    var boot: BootState?
    if let booted {
      boot = BootState()
      boot?.mode = booted
    }
    let partition = Samples.state([
      image(.active, active, inUse: booted == .active), image(.passive, passive, inUse: booted == .passive),
    ])
    return IntegrityRules(boot: boot).findings(for: partition)
  }

  private static func remedy(
    _ active: Integrity.State?, _ passive: Integrity.State?, booted: BootState.Mode?
  ) -> String {
    findings(active, passive, booted: booted).first { $0.severity == .critical }?.remedy ?? ""
  }

  @Test("from active the way is named in order, and no command overwrites what runs")
  func damagedActiveRuns() {
    let remedy = Self.remedy(.damaged, .clean, booted: .active)
    #expect(remedy.hasPrefix("1. Boot the fallback"))
    #expect(remedy.contains("2. Do not run an upgrade, neither here nor there"))
    #expect(!remedy.contains("\n"))
  }

  @Test("from a whole passive there are commands, beside the damaged image and then in its place")
  func damagedActiveFromPassive() {
    let lines = Self.remedy(.damaged, .clean, booted: .passive).split(separator: "\n")
    #expect(
      lines == [
        "mount -o remount,rw /run/initramfs/cos-state",
        "headroom copy --verify --label COS_ACTIVE /run/initramfs/cos-state/cOS/passive.img /run/initramfs/cos-state/cOS/active.img",
        "# without headroom: cp --sparse=always /run/initramfs/cos-state/cOS/passive.img /run/initramfs/cos-state/cOS/active.img.whole && "
          + "tune2fs -L COS_ACTIVE /run/initramfs/cos-state/cOS/active.img.whole && sync /run/initramfs/cos-state/cOS/active.img.whole && "
          + "mv /run/initramfs/cos-state/cOS/active.img.whole /run/initramfs/cos-state/cOS/active.img",
        "mount -o remount,ro /run/initramfs/cos-state",
      ])
  }

  @Test(
    "an image that was not verified is not what another one is overwritten with",
    arguments: [nil, Integrity.State.unknown])
  func notVerified(state: Integrity.State?) {
    for mode in [BootState.Mode.active, .passive] {
      let remedy = Self.remedy(.damaged, state, booted: mode)
      #expect(
        remedy.hasPrefix(
          state == nil ? "Verify passive first" : "The other image, passive, is not known to be whole either"))
      #expect(!remedy.contains("\n"))
    }
  }

  @Test("where both are damaged nothing is copied and nobody is sent to reboot") func bothDamaged() {
    for finding in Self.findings(.damaged, .damaged, booted: .active) where finding.severity == .critical {
      #expect(finding.remedy?.contains("do not reboot") == true)
      #expect(finding.remedy?.contains("cp ") == false)
    }
  }

  @Test("a damaged fallback is written again from the active image that runs") func damagedPassive() {
    let remedy = Self.remedy(.clean, .damaged, booted: .active)
    #expect(remedy.contains("headroom copy --verify --label COS_PASSIVE /run/initramfs/cos-state/cOS/active.img "))
    #expect(remedy.contains("tune2fs -L COS_PASSIVE"))
    #expect(Self.remedy(.clean, .damaged, booted: .passive).hasPrefix("Reboot into active"))
  }

  @Test("a damaged image is not dug") func notDug() {
    var image = Self.image(.passive, .damaged)
    image.reclaimableBytes = .gibibytes(2)
    image.reclaimableBasis = .scan
    image.sparse = false
    let finding = ImageRules().findings(for: Samples.state([image])).first { $0.id == .imageNotSparse }
    #expect(finding?.remedy?.contains("fallocate") == false)
  }

  @Test("a damaged active image is no matter of space: nothing is upgraded") func opening() {
    var projection = Projection(
      filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "", model: "two-copy",
      outcome: .fits, reason: "")
    projection.device = "/dev/sda4"
    let partition = Samples.state([Self.image(.active, .damaged), Self.image(.passive, .clean)])
    var report = Samples.report([partition], findings: IntegrityRules().findings(for: partition), node: "quo")
    report.projections = [projection]
    let text = TextReport(report, style: Samples.wide).render()
    #expect(text.hasPrefix("quo: DO NOT UPGRADE: cOS/active.img is damaged"))
    #expect(text.contains("Fallback: passive of unknown version, verified."))
    #expect(text.contains("Do: 1. Boot the fallback"))
  }

  @Test("files are grouped by the directory their package has to itself") func groups() {
    let paths: [FilePath] = [
      "/usr/share/p11-kit/modules/a", "/usr/share/p11-kit/b", "/etc/x", "/usr/lib/systemd/system/y", "/top",
    ]
    let groups = FileGroups.groups(paths.map { Integrity.File(path: $0, sizeBytes: nil) })
    #expect(groups.map(\.directory) == ["/usr/share/p11-kit", "/", "/etc", "/usr/lib/systemd"])
  }
}
