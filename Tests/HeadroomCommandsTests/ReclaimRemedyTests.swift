import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What a report says is to be done, done as it stands there.
@Suite(.needsRootAndLoop, .needsTool("fallocate"), .serialized) struct ReclaimRemedyTests {
  /// The remedy, pasted into a shell that finds the program.
  private func paste(_ remedy: String) throws {
    let folder = try Products.headroom().split(separator: "/").dropLast().joined(separator: "/")
    let path = "/\(folder):" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin")
    let done = try Command.run(
      "sh", arguments: ["-e", "-c", remedy], environment: Headroom.environment.merging(["PATH": path]) { $1 })
    #expect(done.status == 0, "\(remedy)\n\(done)")
  }

  /// The commands that stand beside it as a remark.
  private func plain(_ remedy: String) throws -> String {
    let lines = remedy.split(separator: "\n").filter { $0.contains("# without headroom") }
    let commands = try lines.map { try String(#require($0.firstMatch(of: /# without headroom[^:]*: (.*)/)).1) }
    return commands.joined(separator: "\n")
  }

  private func isReadOnly(_ mountpoint: String) throws -> Bool {
    try Command.check("findmnt", "-n", "-o", "OPTIONS", mountpoint).text.split(separator: ",").contains("ro")
  }

  struct Row: CustomTestStringConvertible, Sendable {
    var options: [String]
    var isPlain: Bool
    var testDescription: String { "\(options) \(isPlain ? "without headroom" : "headroom reclaim")" }
  }

  static let rows = [["ro"], []].flatMap { options in [false, true].map { Row(options: options, isPlain: $0) } }

  @Test(
    "the remedy of a dense image can be pasted, and the finding is gone; so can the one without Headroom",
    arguments: rows)
  func theRemedyCanBePasted(row: Row) throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try state.mounted(options: row.options) { mountpoint, _ in
      let passive = "\(mountpoint)/cOS/passive.img"
      let content = try Reclaim.checksum(passive)
      let remedy = try #require(Headroom.audit("--label", state.label).findings(.imageNotSparse).first?.remedy)
      #expect(remedy.contains("--remount") == !row.options.isEmpty)
      try paste(row.isPlain ? plain(remedy) : remedy)
      #expect(try Headroom.audit("--label", state.label).findings(.imageNotSparse) == [])
      #expect(try Reclaim.checksum(passive) == content)
      #expect(try isReadOnly(mountpoint) == !row.options.isEmpty)
    }
  }

  @Test(
    "the remedy of a partition that is not mounted mounts it, and leaves nothing mounted", arguments: [false, true])
  func notMounted(isPlain: Bool) throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try LoopMount.withDevice(image: state.image) { device in
      let remedy = try #require(Headroom.audit("--device", device).findings(.imageNotSparse).first?.remedy)
      #expect(remedy.hasPrefix("mount \(device) /mnt && {\n  headroom reclaim --apply --verify /mnt/"))
      // Others use /mnt, too.
      let place = try state.scratch.directory("place")
      let commands = (isPlain ? "mount \(device) /mnt\n\(try plain(remedy))\numount /mnt" : remedy)
      try paste(commands.replacing("/mnt", with: place))
      #expect(try Headroom.audit("--device", device).findings(.imageNotSparse) == [])
      #expect(try Command.run("findmnt", place).status != 0)
    }
  }

  @Test("so can that of an image that was named, by whatever path", arguments: ["ro", "rw"]) func named(mode: String)
    throws
  {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try state.mounted(options: [mode]) { mountpoint, _ in
      let audit = { try Headroom.run("audit", "--json", "--image", "cOS/passive.img", directory: mountpoint) }
      let remedy = try #require(Headroom.report(audit()).findings(.imageNotSparse).first?.remedy)
      try paste(remedy)
      #expect(try Headroom.report(audit()).findings(.imageNotSparse) == [])
    }
  }

  @Test("a node's root elsewhere: the node's image is dug, not ours of the same path") func sysroot() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("host")
    let (state, ours) = (try StateFilesystem(label: "COS_STATE"), try StateFilesystem())
    for each in [state, ours] { try each.addImages(mebibytes: 32, contentMiB: 3) }
    try Command.check("mount", "--bind", root, root)
    defer { _ = try? Command.run("umount", root) }
    try ours.mounted { mountpoint, _ in
      // What the node calls it is there on this machine, too.
      try Command.check("mkdir", "-p", root + mountpoint)
      try state.mounted { there, _ in
        try Command.check("mount", "--bind", there, root + mountpoint)
        defer { _ = try? Command.run("umount", root + mountpoint) }
        try Command.check("mount", "-o", "remount,bind,ro", root + mountpoint)
        let before = try Reclaim.allocated("\(mountpoint)/cOS/passive.img")
        let audit = { try Headroom.run("audit", "--json", "--sysroot", root) }
        let remedy = try #require(Headroom.report(audit()).findings(.imageNotSparse).first?.remedy)
        #expect(remedy.contains("--sysroot \(root) --apply --remount --verify \(mountpoint)/cOS/passive.img"))
        try paste(remedy)
        #expect(try Headroom.report(audit()).findings(.imageNotSparse) == [])
        #expect(try Reclaim.allocated("\(mountpoint)/cOS/passive.img") == before)
      }
    }
  }

  @Test("no command for an image that reclaim would refuse") func refused() throws {
    let state = try StateFilesystem()
    try state.addImages(mebibytes: 32, contentMiB: 3)
    try state.mounted { mountpoint, _ in
      let passive = "\(mountpoint)/cOS/passive.img"
      func remedy() throws -> String? {
        try Headroom.audit("--label", state.label).findings.first {
          $0.target.hasSuffix("cOS/passive.img") && [.imageNotSparse, .imageZeroData].contains($0.id)
        }?.remedy
      }
      let loop = try LoopDevice(image: passive)
      #expect(try remedy()?.contains("headroom reclaim") == false)
      #expect(try Reclaim.run(passive, status: 3).image.state == .refused)
      try loop.detach()
      #expect(try remedy()?.contains("headroom reclaim") == true)
      #expect(try Reclaim.run(passive).image.state == .planned)
      // A write that never came.
      try Command.check("fallocate", "--punch-hole", "-o", "4M", "-l", "4M", passive)
      #expect(try remedy()?.contains("headroom reclaim --apply") != true)
      #expect(try Reclaim.run(passive, status: 3).image.state == .refused)
    }
  }
}
