import Foundation
import SpaceReport
import TestSupport
import Testing

/// Nothing is written, changed or mounted, by the kernel's own account.
@Suite(.needsRootAndLoop, .needsTool("strace", "sha256sum", "stat")) struct ReadOnlyTests {
  @Test("a live audit only reads, and leaves every access time alone")
  func aLiveAuditOnlyReadsAndLeavesEveryAccessTimeAlone() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted(options: ["strictatime"]) { mountpoint, device in
      try Command.check("fallocate", "-l", "4M", "\(mountpoint)/cOS/unwritten.img")
      try Command.check("mkdir", "-p", "\(mountpoint)/cOS/transition.imgTree/etc")
      let before = try Footprint(mountpoint)
      let runs = [
        ["audit", "--label", state.label], ["audit", "--label", state.label, "--json", "--quick"],
        ["audit", "--image", "\(mountpoint)/cOS/passive.img"], ["partitions", "--label", state.label],
        ["audit", "--device", device],
        ["map", "\(mountpoint)/cOS/passive.img", "\(mountpoint)/cOS/unwritten.img"],
        ["map", "--json", "\(mountpoint)/cOS/active.img"],
        ["audit", "--disk", "\(mountpoint)/cOS/active.img"],
      ]
      for arguments in runs {
        let trace = try SystemCallTrace.of(arguments)
        #expect(trace.result.status == 0, "\(trace.result)")
        #expect(trace.offences == [], "\(arguments)")
        #expect(trace.calls.count > 100, "strace saw nothing")
        #expect(Self.excluded(trace.opened) == [], "\(arguments)")
        #expect(try before.timesNow() == before.times, "\(arguments)")
      }
      #expect(try before.sumsNow() == before.sums)
    }
  }

  @Test("an offline audit only reads, as do map and partitions") func anOfflineAuditOnlyReadsAsDoMapAndPartitions()
    throws
  {
    let scratch = try ScratchDirectory()
    // All of it is read for its checksum.
    let disk = try Products.nodeDisk(in: scratch, arguments: ["--persistent-size", "64"])
    let before = try Footprint(scratch.path)
    for arguments in [
      ["audit", "--disk", disk], ["partitions", "--disk", disk, "--json"],
      ["map", "--disk", disk, "--label", "COS_STATE", "cOS/passive.img"],
    ] {
      let trace = try SystemCallTrace.of(arguments)
      #expect(trace.result.status == 0, "\(trace.result)")
      #expect(trace.offences == [], "\(arguments)")
      #expect(trace.opened.filter { $0.hasPrefix("/dev/") && $0 != "/dev/null" } == [], "\(arguments)")
    }
    #expect(try before.timesNow() == before.times)
    #expect(try before.sumsNow() == before.sums)
  }

  @Test("an unmounted device is probed and surveyed without a write")
  func anUnmountedDeviceIsProbedAndSurveyedWithoutAWrite() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 24, contentMiB: 2)
    try LoopMount.withDevice(image: state.image) { device in
      let sum = try Command.check("sha256sum", device).text
      let trace = try SystemCallTrace.of(["audit", "--label", state.label])
      #expect(trace.result.text.contains("cOS/passive.img"), "\(trace.result)")
      #expect(trace.offences == [])
      #expect(trace.opened.contains(device))
      #expect(Self.excluded(trace.opened) == [])
      #expect(try Command.check("sha256sum", device).text == sum)
    }
  }

  @Test("the trace would show a write") func theTraceWouldShowAWrite() throws {
    let scratch = try ScratchDirectory()
    let disk = try scratch.sparseFile("disk", bytes: 1 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", disk)
    let trace = try SystemCallTrace.of(["audit", "--disk", disk, "--output-file", scratch.file("report")])
    #expect(trace.offences.contains { $0.contains("O_CREAT") })
    #expect(trace.offences.contains { $0.hasPrefix("fsync") })
    #expect(trace.offences.contains { $0.hasPrefix("write(") })
  }

  /// Devices that can hang when they are opened, and that are here on some machines.
  private static func excluded(_ opened: [String]) -> [String] {
    opened.filter { path in
      ["zram", "nbd", "rbd", "drbd", "sr", "fd", "ram", "cdrom"].contains { kind in
        path.hasPrefix("/dev/" + kind) && path.dropFirst(5 + kind.count).allSatisfy(\.isNumber) && path != "/dev/fd"
      }
    }
  }

  /// All files below a directory: their times and sizes, and what is in them.
  private struct Footprint {
    private let files: [String]
    private let directories: [String]
    private(set) var sums = ""
    private(set) var times = ""

    init(_ directory: String) throws {
      func find(_ type: String) throws -> [String] {
        try Command.check("find", directory, "-xdev", "-type", type).lines.map(String.init).sorted()
      }
      (files, directories) = (try find("f"), try find("d"))
      // The contents first: reading them is an access too.
      sums = try sumsNow()
      times = try timesNow()
    }

    func sumsNow() throws -> String { try Command.check("sha256sum", arguments: files).text }

    func timesNow() throws -> String {
      try Command.check("stat", arguments: ["-c", "%n %s %b %x %y %z"] + files + directories).text
    }
  }
}
