import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// What Headroom was made for: a passive image that was copied without its holes.
@Suite(.needsRootAndLoop, .needsTool("fallocate", "filefrag")) struct IncidentTests {
  @Test("passive is flagged, active is not, and digging gives back what was said", arguments: [4096, 1024])
  func passiveIsFlaggedActiveIsNotAndDiggingGivesBackWhatWasSaid(blockSize: Int64) throws {
    let state = try StateFilesystem(mkfsArguments: ["-b", "\(blockSize)"])
    try state.addImages()
    try state.mounted { mountpoint, _ in
      let passive = "\(mountpoint)/cOS/passive.img"
      let before = try Headroom.audit("--label", state.label)
      #expect(before.verdict == .warning)
      let flagged = before.findings(.imageNotSparse)
      #expect(flagged.map(\.target) == ["\(state.label):cOS/passive.img"])
      #expect(flagged.first?.severity == .warning)
      #expect(
        flagged.first?.remedy?.split(separator: "\n") == [
          "headroom reclaim --apply --verify \(passive)", "# without headroom: fallocate --dig-holes \(passive)",
        ])
      // Both were copied without their zeros, which only reading all of them tells from lost writes.
      #expect(!before.findings.contains { $0.target.hasSuffix("active.img") && $0.id != .imageLostWrites })

      let dense = try before.image("cOS/passive.img")
      let sparse = try before.image("cOS/active.img")
      #expect((dense.role, sparse.role) == (.passive, .active))
      #expect((dense.sparse, sparse.sparse) == (false, true))
      #expect(dense.holeBytes == .zero)
      #expect(sparse.reclaimableBytes == .zero)
      #expect(dense.os?.prettyName == "Harvester v1.4.0")

      let mapped = try Self.mappedBytes(passive, blockSize)
      let free = try Self.freeBytes(mountpoint)
      try Command.check("fallocate", "--dig-holes", passive)
      try Command.check("sync", "-f", mountpoint)
      let freed = try mapped - Self.mappedBytes(passive, blockSize)
      let gained = try Self.freeBytes(mountpoint) - free
      let promised = try #require(dense.reclaimableBytes?.bytes)
      #expect(promised == freed)
      #expect(abs(gained - promised) <= max(promised / 1000, 64 << 10), "gained \(gained) of \(promised)")

      let after = try Headroom.audit("--label", state.label)
      #expect(after.verdict == .ok)
      #expect(after.findings.filter { $0.id != .imageLostWrites || $0.severity > .info }.isEmpty)
      #expect(try after.image("cOS/passive.img").reclaimableBytes == .zero)
    }
  }

  /// The lines of `filefrag -v` that stand for extents: `   0:        0..     255:      34816..     35071:    256: …`.
  static func mappedBytes(_ file: String, _ blockSize: Int64) throws -> Int64 {
    let lines = try Command.check("filefrag", "-v", "-b\(blockSize)", file).lines
    let blocks = lines.compactMap { line -> Int64? in
      let fields = line.split(separator: ":")
      guard fields.count >= 4, Int(fields[0].filter { $0 != " " }) != nil else { return nil }
      return Int64(fields[3].filter { $0 != " " })
    }
    return blocks.reduce(0, +) * blockSize
  }

  static func freeBytes(_ mountpoint: String) throws -> Int64 {
    var statistics = statvfs()
    guard statvfs(mountpoint, &statistics) == 0 else { throw Unexpected("statvfs of \(mountpoint)") }
    return Int64(statistics.f_bfree * statistics.f_frsize)
  }
}
