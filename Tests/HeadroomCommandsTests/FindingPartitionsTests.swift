import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Which filesystem is meant: by label, twice the same label, and below another root.
@Suite(.serialized, .needsRootAndLoop) struct FindingPartitionsTests {
  @Test("two filesystems with one label are said to be ambiguous, and the mounted one is audited")
  func twoFilesystemsWithOneLabelAreSaidToBeAmbiguousAndTheMountedOneIsAudited() throws {
    let label = StateFilesystem.uniqueLabel()
    let mounted = try StateFilesystem(label: label)
    let other = try StateFilesystem(label: label)
    try mounted.addImages(mebibytes: 24, contentMiB: 2)
    try mounted.mounted { _, device in
      try LoopMount.withDevice(image: other.image) { second in
        let report = try Headroom.audit("--label", label)
        let finding = try #require(report.findings(.labelAmbiguous).first)
        #expect(finding.target == label)
        #expect(finding.severity > .info)
        #expect(finding.message.contains("2 filesystems carry this label: "))
        #expect(finding.message.contains("This report is about \(device), which is mounted."))
        #expect(report.partitions.map(\.device.display).sorted() == [device, second].sorted())
        #expect(report.partitions.filter { $0.images != nil }.map(\.device.display) == [device])
        #expect(report.verdict != .ok)
      }
    }
  }

  @Test("a node's root mounted elsewhere is audited as the node sees it")
  func aNodesRootMountedElsewhereIsAuditedAsTheNodeSeesIt() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("host")
    let state = try StateFilesystem(label: "COS_STATE")
    try state.addImages()
    try Command.check("mkdir", "-p", "\(root)/etc", "\(root)/run/initramfs/cos-state")
    try "NAME=\"SLE Micro\"\nPRETTY_NAME=\"Harvester v1.4.0\"\nID=sle-micro-rancher\n"
      .write(toFile: "\(root)/etc/os-release", atomically: false, encoding: .utf8)
    try "quo\n".write(toFile: "\(root)/etc/hostname", atomically: false, encoding: .utf8)
    // A mount of its own, as /host in a container is one.
    try Command.check("mount", "--bind", root, root)
    defer { _ = try? Command.run("umount", root) }
    try state.mounted { mountpoint, device in
      try Command.check("mount", "--bind", mountpoint, "\(root)/run/initramfs/cos-state")
      defer { _ = try? Command.run("umount", "\(root)/run/initramfs/cos-state") }
      for arguments in [["--sysroot", root], ["--root", root]] {
        let result = try Headroom.run(arguments: ["audit", "--json"] + arguments)
        #expect(result.status == 0, "\(result)")
        let report = try Headroom.report(result)
        #expect(report.host.nodeName == "quo")
        #expect(report.host.product == "harvester")
        let partition = try #require(report.partitions.first { $0.device.display == device })
        #expect(partition.mountpoints == ["/run/initramfs/cos-state"])
        #expect(partition.images?.map(\.path.display) == ["cOS/active.img", "cOS/passive.img"])
        let finding = try #require(report.findings(.imageNotSparse).first)
        #expect(finding.target == "COS_STATE:cOS/passive.img")
        let passive = "/run/initramfs/cos-state/cOS/passive.img"
        #expect(
          finding.remedy?.split(separator: "\n") == [
            "headroom reclaim --sysroot \(root) --apply --verify \(passive)",
            "# without headroom, on the node: fallocate --dig-holes \(passive)",
          ])
      }
      let text = try Headroom.run("audit", environment: ["HEADROOM_SYSROOT": root]).text
      #expect(text.hasPrefix("quo: "))
    }
  }

  @Test("an unmounted filesystem is surveyed by label and by device alike")
  func anUnmountedFilesystemIsSurveyedByLabelAndByDeviceAlike() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try LoopMount.withDevice(image: state.image) { device in
      let byLabel = try Headroom.audit("--label", state.label)
      let byDevice = try Headroom.audit("--device", device)
      #expect(byLabel.partitions.map(\.state) == [.offline])
      #expect(byLabel.partitions == byDevice.partitions)
      #expect(byLabel.findings == byDevice.findings)
      #expect(byLabel.findings.filter { $0.severity > .info }.map(\.id) == [.imageNotSparse])
      var offline = try #require(try Headroom.audit("--disk", state.image).partitions.first)
      offline.device = FilePath(device)
      #expect(byDevice.partitions == [offline])
    }
  }
}
