import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import SpaceAudit

/// Moving the data, and finding out that it did not arrive.
@Suite struct CopyTransferTests {
  private static func source(_ scratch: ScratchDirectory) throws -> LiveFile {
    let path = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(path)", "bs=1M", "count=3", "status=none")
    try Command.check("dd", "if=/dev/zero", "of=\(path)", "bs=1M", "count=2", "seek=3", "conv=notrunc", "status=none")
    try Command.check("truncate", "-s", "9000001", path)
    return try LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
  }

  @Test("copy_file_range takes over long runs, zeros are left out all the same", arguments: [true, false])
  func copyRange(usesCopyRange: Bool) throws {
    let scratch = try ScratchDirectory()
    let source = try Self.source(scratch)
    let directory = try ReadOnlyFile.open(FilePath(scratch.path), expecting: .directory)
    let target = try NewFile.create(in: directory, for: "copy")
    try target.setSize(source.size)
    var transfer = CopyTransfer(source: source, plan: try CopyPlan(of: source, unit: 4096), monitor: AuditMonitor())
    transfer.usesCopyRange = usesCopyRange
    let totals = try transfer.run(to: target)
    #expect(totals.dataBytes == 3 << 20)
    #expect(totals.rangeBytes == (usesCopyRange ? 3 << 20 : 0))
    try target.sync()
    #expect(try target.status().allocated < 4 << 20)
    try target.publish(as: "copy", replacing: false)
    try Command.check("cmp", scratch.file("source"), scratch.file("copy"))
  }

  @Test("a byte that differs is found wherever it is", arguments: [0, 1, 4095, 1 << 20, 4 << 20, 9_000_000])
  func differences(offset: Int) throws {
    let scratch = try ScratchDirectory()
    let source = try Self.source(scratch)
    try Command.check("cp", "--sparse=always", scratch.file("source"), scratch.file("copy"))
    let size = source.size
    func verify(_ replaced: [CopyVerification.Replaced] = []) throws {
      let copy = try ReadOnlyFile.open(FilePath(scratch.file("copy")), expecting: .regularFile)
      try CopyVerification(
        source: DiskReader(source.file.descriptor, path: "source", inMemory: false),
        copy: DiskReader(copy.descriptor, path: "copy", inMemory: false), size: size, replaced: replaced, path: "copy",
        monitor: AuditMonitor()
      ).run()
      withExtendedLifetime(copy) {}
    }
    try verify()
    let handle = try FileHandle(forUpdating: URL(filePath: scratch.file("copy")))
    try handle.seek(toOffset: UInt64(offset))
    let byte = try #require(try handle.read(upToCount: 1)?.first)
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: [byte ^ 1])
    try handle.close()
    let error = try #require(throws: StorageError.self) { try verify() }
    #expect(error.code == .corrupt)
    #expect(error.message.hasSuffix("differs from the source at byte \(offset)"))
    // Where it is meant to differ it must, in just that way.
    try verify([.init(start: UInt64(offset), bytes: [byte ^ 1])])
    #expect(throws: StorageError.self) { try verify([.init(start: UInt64(offset), bytes: [byte ^ 3])]) }
  }
}
