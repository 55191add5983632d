import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Disks that fail while they are read: the image is a finding, the rest is there.
@Suite struct FailingReadTests {
  /// Where little is lost the rest is counted; where much is, reading it unit by unit would take for ever.
  @Test(
    "a read error inside an image is a finding and the other image is measured", .needsRootAndLoop,
    arguments: [1 << 20, 12 << 20] as [UInt64])
  func aReadErrorInsideAnImageIsAFindingAndTheOtherImageIsMeasured(lost: UInt64) throws {
    let state = try StateFilesystem(mkfsArguments: ["-b", "4096"])
    try state.addImages(mebibytes: 24, contentMiB: 2)
    let (first, passive) = try state.mounted { mountpoint, _ in
      (
        try Headroom.map("\(mountpoint)/cOS/active.img").extents.compactMap(\.physical_bytes),
        try Headroom.map("\(mountpoint)/cOS/passive.img")
      )
    }
    // The disk ends inside passive: the loop device answers EIO there.
    let extent = try #require(passive.extents.max { $0.length_bytes < $1.length_bytes })
    let end = try #require(extent.physical_bytes) + extent.length_bytes - lost
    try #require(first.allSatisfy { $0 < end })
    try LoopMount.with(image: state.image, type: "ext4", readOnly: true) { mountpoint, _ in
      try Command.check("truncate", "-s", "\(end)", state.image)
      try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
      let report = try Headroom.audit("--label", state.label)
      let unreadable = report.findings(.imageUnreadable)
      #expect(unreadable.map(\.target) == ["\(state.label):cOS/passive.img"])
      #expect(unreadable.first?.message.contains("the device reports a read error at byte ") == true)
      #expect(unreadable.first?.remedy == "Look for I/O errors in the kernel log (dmesg) and check the disk.")
      #expect(report.verdict == .unknown)
      let active = try report.image("cOS/active.img")
      #expect(active.reclaimableReasons == nil && active.zeroBytes != nil)
      let partly = try report.image("cOS/passive.img")
      // What was found before it was given up is a lower bound.
      #expect(partly.reclaimableReasons == [.notAllRead])
      #expect(partly.zeroBytes != nil)
      #expect(partly.dataBytes == .mebibytes(24))

      let map = try Headroom.run("map", "\(mountpoint)/cOS/passive.img", "\(mountpoint)/cOS/active.img")
      #expect(map.status == 3)
      #expect(
        map.errors.hasPrefix(
          "headroom: cannot read '\(mountpoint)/cOS/passive.img': the device reports a read error at byte "),
        "\(map.errors)")
      #expect(map.errors.contains("  cause: pread failed: Input/output error (errno 5)\n"))
      if lost == 1 << 20 { #expect(map.text.contains("unreadable         1.00 MiB")) }
      #expect(map.text.contains("\(mountpoint)/cOS/active.img: "))
    }
  }

  @Test("a state.yaml that may not be read is said to be", .needsRootAndLoop)
  func aStateYamlThatMayNotBeReadIsSaidToBe() throws {
    let state = try StateFilesystem(sizeMiB: 64)
    try state.mounted { mountpoint, _ in
      try Command.check("mkdir", "\(mountpoint)/cOS")
      try Command.check("truncate", "-s", "1M", "\(mountpoint)/cOS/active.img")
      try Command.check("sh", "-c", "echo 'state:' > \(mountpoint)/state.yaml; chmod 600 \(mountpoint)/state.yaml")
      let result = try Headroom.run("audit", "--json", "--label", state.label, asUser: Machine.ordinaryUser)
      let report = try Headroom.report(result)
      #expect(report.limits.contains { $0.id == "not-looked-at" && $0.message.contains("state.yaml") }, "\(result)")
      #expect(try report.partition(state.label).layout?.hasStateFile == true)
    }
  }

  @Test("a truncated disk is said to be, and what is left of it is reported")
  func aTruncatedDiskIsSaidToBeAndWhatIsLeftOfItIsReported() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let whole = try Headroom.audit("--disk", disk)
    let size = try FileManager.default.attributesOfItem(atPath: disk)[.size] as? Int ?? 0
    // COS_PERSISTENT is the last and goes whole, COS_STATE before it loses its second half.
    let state = try #require(try whole.partition("COS_STATE").sizeBytes?.bytes)
    let last = try #require(try whole.partition("COS_PERSISTENT").sizeBytes?.bytes)
    try Command.check("truncate", "-s", "\(size - Int(last) - Int(state) / 2)", disk)
    let result = try Headroom.run("audit", "--json", "--disk", disk)
    #expect(result.status == 3, "\(result)")
    let report = try Headroom.report(result)
    #expect(report.limits.contains { $0.message.contains("COS_STATE") && $0.id == "filesystem-truncated" })
    #expect(report.partitions.contains { $0.filesystemLabel == "COS_OEM" })
    #expect(try report.partition("COS_RECOVERY") == whole.partition("COS_RECOVERY"))
    #expect(report.limits.contains { $0.id.hasPrefix("partition-") || $0.id.contains("truncated") })
    #expect(report.verdict != .ok)
  }

  @Test("an image truncated while it is scanned is measured without harm and said to have changed")
  func anImageTruncatedWhileItIsScannedIsMeasuredWithoutHarmAndSaidToHaveChanged() throws {
    let scratch = try ScratchDirectory()
    let file = scratch.file("shrinking.img")
    try Command.check("dd", "if=/dev/zero", "of=\(file)", "bs=1M", "count=1024", "conv=fsync", "status=none")
    // What is in the page cache is looked at there, which nothing counts and which is over too soon.
    try Command.check("dd", "if=\(file)", "iflag=nocache", "count=0", "status=none")
    let running = try Command.start(
      try Products.headroom(), arguments: ["audit", "--json", "--image", file], environment: Headroom.environment)
    // In the middle of it: it has read some and not all.
    while running.isRunning, try readBytes(running.processID) < 32 << 20 { usleep(500) }
    #expect(truncate(file, 1 << 20) == 0)
    let result = try running.finish(timeout: .seconds(60))
    let report = try Headroom.report(result)
    #expect(report.findings(.imageChangedWhileReading).map(\.severity) == [.warning], "\(result)")
    #expect(report.findings(.imageUnreadable).isEmpty)
  }

  /// What a process has read so far.
  private func readBytes(_ process: pid_t) throws -> Int {
    let text = (try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }.flatMap { Int($0.dropFirst(7)) } ?? 0
  }
}
