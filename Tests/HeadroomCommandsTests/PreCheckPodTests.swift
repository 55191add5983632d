import Foundation
import SpaceReport
import TestSupport
import Testing

/// A container that is handed only a part of the node's root, as Harvester's pre-check hands /run/initramfs.
@Suite(.needsRootAndLoop, .needsTool("unshare", "sfdisk")) struct PreCheckPodTests {
  @Test("it gives all it can, and says what it could not see") func onlyTheInitramfs() throws {
    let scratch = try ScratchDirectory()
    let disk = try Products.nodeDisk(in: scratch)
    let table = try Command.check("sfdisk", "--dump", disk).text
    let line = try #require(table.split(separator: "\n").first { $0.contains("name=\"state\"") })
    func sectors(_ key: String) throws -> Int {
      let field = try #require(line.split(separator: ",").first { $0.contains("\(key)=") })
      return try #require(Int(field.split(separator: "=").last?.trimmingCharacters(in: .whitespaces) ?? ""))
    }
    let root = try scratch.directory("host")
    let place = "\(root)/run/initramfs/cos-state"
    try Command.check("mkdir", "-p", place)
    let options = "ro,loop,offset=\(try sectors("start") * 512),sizelimit=\(try sectors("size") * 512)"
    try Command.check("mount", "-o", options, disk, place)
    defer { _ = try? Command.run("umount", place) }
    // Without the node's processes, as in a pod that has no hostPID.
    let result = try Command.run(
      "unshare",
      arguments: [
        "--pid", "--fork", "--mount-proc", try Products.headroom(), "check", "--sysroot", root, "--json", "--margin",
        "8M",
      ], environment: Headroom.environment)
    #expect(result.status == 2, "\(result)")
    let report = try Headroom.report(result)
    // Other tests attach disks with this label meanwhile; this one is mounted below the sysroot.
    let state = try #require(
      report.partitions.first { $0.filesystemLabel == "COS_STATE" && $0.mountpoints == ["/run/initramfs/cos-state"] })
    #expect(state.images?.map(\.path.display) == ["cOS/active.img", "cOS/passive.img"])
    #expect(report.projections.contains { $0.upgrade == "system" && $0.outcome == .silentCorruption })
    #expect(report.limits.contains { $0.id == "boot-not-seen" }, "\(report.limits)")
    #expect(report.boot == nil)
  }
}
