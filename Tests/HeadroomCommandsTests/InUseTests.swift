import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Who holds an image, and what that puts at risk.
@Suite(.needsRootAndLoop) struct InUseTests {
  @Test("an image behind a loop device says so", arguments: [true, false]) func anImageBehindALoopDeviceSaysSo(
    readOnly: Bool
  ) throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try state.mounted { mountpoint, _ in
      try LoopMount.withDevice(image: "\(mountpoint)/cOS/active.img", readOnly: readOnly) { loop in
        let report = try Headroom.audit("--label", state.label)
        let name = String(loop.dropFirst("/dev/".count))
        #expect(try report.image("cOS/active.img").inUse == ImageInUse(by: name, writable: !readOnly))
        #expect(try report.image("cOS/passive.img").inUse == nil)
        #expect(report.findings(.imageOvercommitted).isEmpty)
        let text = try Headroom.run("audit", "--label", state.label).text
        #expect(text.contains(readOnly ? name + "\n" : name + " rw\n"))
        // The same by name.
        let named = try Headroom.audit("--image", "\(mountpoint)/cOS/active.img")
        #expect(try named.image("cOS/active.img").inUse == ImageInUse(by: name, writable: !readOnly))
      }
    }
  }

  @Test("holes larger than the free space are a warning where something can write inside")
  func holesLargerThanTheFreeSpaceAreAWarningWhereSomethingCanWriteInside() throws {
    let state = try StateFilesystem(sizeMiB: 64)
    try state.mounted { mountpoint, _ in
      try Command.check("mkdir", "\(mountpoint)/cOS")
      try Command.check("truncate", "-s", "200M", "\(mountpoint)/cOS/active.img")
      try Command.check("mkfs.ext2", "-q", "-F", "\(mountpoint)/cOS/active.img")
      #expect(try Headroom.audit("--label", state.label).findings == [])
      try LoopMount.withDevice(image: "\(mountpoint)/cOS/active.img", readOnly: true) { _ in
        let report = try Headroom.audit("--label", state.label)
        #expect(report.findings == [])
      }
      try LoopMount.withDevice(image: "\(mountpoint)/cOS/active.img") { _ in
        let report = try Headroom.audit("--label", state.label)
        #expect(report.findings.map(\.id) == [.imageOvercommitted])
        #expect(report.findings.first?.severity == .warning)
        #expect(report.verdict == .warning)
        let image = try report.image("cOS/active.img")
        let usable = try #require(try report.partition(state.label).usableBytes)
        #expect(image.holeBytes ?? .zero > usable)
        #expect(report.findings.first?.message.contains("has \(usable) left for root") == true)
      }
    }
  }

  @Test("a deleted file behind a loop device is found, and its space named")
  func aDeletedFileBehindALoopDeviceIsFoundAndItsSpaceNamed() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try state.mounted { mountpoint, _ in
      try LoopMount.withDevice(image: "\(mountpoint)/cOS/passive.img") { loop in
        try Command.check("rm", "\(mountpoint)/cOS/passive.img")
        let report = try Headroom.audit("--label", state.label)
        #expect(report.findings(.backingFileDeleted).map(\.severity) == [.warning])
        let finding = try #require(report.findings(.backingFileDeleted).first)
        #expect(finding.target == "\(state.label):\(mountpoint)/cOS/passive.img")
        #expect(finding.remedy == "losetup --detach \(loop)")
        #expect(try report.partition(state.label).images?.map(\.path) == ["cOS/active.img"])
      }
    }
  }

  @Test("a deleted file that a process holds open is found") func aDeletedFileThatAProcessHoldsOpenIsFound() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try state.mounted { mountpoint, _ in
      let file = open("\(mountpoint)/cOS/passive.img", O_RDONLY | O_CLOEXEC)
      defer { close(file) }
      try Command.check("rm", "\(mountpoint)/cOS/passive.img")
      // A child that another test is just starting has our files open until it is another program.
      for attempt in 1...5 {
        let report = try Headroom.audit("--label", state.label)
        let finding = try #require(report.findings(.backingFileDeleted).first)
        #expect(finding.severity == .warning)
        #expect(finding.message.contains("24.0 MiB"))
        if finding.message.contains("Process \(getpid()) ") { break }
        #expect(attempt < 5, "\(finding.message)")
      }
    }
  }

  @Test("a hard-linked image counts once in the totals") func aHardLinkedImageCountsOnceInTheTotals() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try state.mounted { mountpoint, _ in
      let before = try Headroom.audit("--label", state.label).partition(state.label).totals
      try Command.check("mkdir", "-p", "\(mountpoint)/.snapshots/1")
      try Command.check("ln", "\(mountpoint)/cOS/passive.img", "\(mountpoint)/.snapshots/1/snapshot.img")
      let report = try Headroom.audit("--label", state.label)
      let images = try #require(try report.partition(state.label).images)
      #expect(images.map(\.path.display) == [".snapshots/1/snapshot.img", "cOS/active.img", "cOS/passive.img"])
      #expect(try report.partition(state.label).totals == before)
      let sum = images.reduce(ByteCount.zero) { $0 + $1.allocatedBytes }
      #expect(before?.allocatedBytes ?? sum < sum)
    }
  }
}
