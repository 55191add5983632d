import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// ext4 keeps small files in their inodes, and goes on saying so of files that have outgrown them.
@Suite(.needsRootAndLoop)
struct InlineDataTests {
  private static let plans = [
    // Not written back: FIEMAP tells of the 343 bytes alone.
    "outgrown": (
      SparsePlan(
        seed: 0, size: 8192, grain: 4096,
        operations: [.write(0..<343), .write(1920..<4036), .zeros(4096..<5021), .zeros(6384..<8192)]),
      data: 8192, zero: 4096
    ),
    // A hole between what was inline and what was written behind it.
    "apart": (
      SparsePlan(seed: 0, size: 100_000, grain: 4096, operations: [.write(0..<300), .write(81920..<90112)]),
      data: 12288, zero: 0
    ),
    // Made longer without a write: what the inode holds is all there is.
    "longer": (SparsePlan(seed: 0, size: 65536, grain: 4096, operations: [.write(0..<343)]), data: 343, zero: 0),
  ]

  @Test("a file that outgrew its inode is data where it was written, written back or not")
  func aFileThatOutgrewItsInodeIsDataWhereItWasWritten() throws {
    let mkfs = ["-b", "4096", "-O", "inline_data", "-I", "512"]
    try LoopMount.withFilesystem("ext4", sizeMiB: 64, mkfsArguments: mkfs) { mountpoint, _ in
      for (name, plan) in Self.plans { try plan.0.write(to: "\(mountpoint)/\(name)") }
      for isWrittenBack in [false, true] {
        if isWrittenBack { try Command.check("sync", "-f", mountpoint) }
        for (name, plan) in Self.plans {
          let comment = Comment(rawValue: "\(name), written back: \(isWrittenBack)")
          let file = try ReadOnlyFile.open(FilePath("\(mountpoint)/\(name)"), expecting: .regularFile)
          let source = try LiveFile(file, allocationUnit: 4096)
          var segments: [MapSegment] = []
          let measurement = try ImageAnalyzer().measure(source) { segments.append($0) }
          checkInvariants(measurement, segments, comment)
          #expect(Int(measurement.totals.data) == plan.data, comment)
          #expect(Int(measurement.zero?.zeroBytes ?? 0) == plan.zero, comment)
          #expect(try ImageAnalyzer().figures(of: source).totals == measurement.totals, comment)
        }
      }
    }
  }
}
