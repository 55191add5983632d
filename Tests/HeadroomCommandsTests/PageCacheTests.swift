import Foundation
import TestSupport
import Testing

/// A scan leaves the page cache of a busy node as it was.
@Suite(.needsTool("fincore", "dd")) struct PageCacheTests {
  @Test("what was cached stays, what was not does not", .needsRoot, arguments: ["none", "some", "all"])
  func whatWasCachedStaysWhatWasNotDoesNot(cached: String) throws {
    let scratch = try ScratchDirectory()
    let file = scratch.file("image")
    try Command.check("dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=200", "conv=fsync")
    // Clean pages go when they are asked to.
    try Command.check("dd", "if=\(file)", "iflag=nocache", "count=0")
    switch cached {
    case "some":
      try Command.check("dd", "if=\(file)", "of=/dev/null", "bs=1M", "count=60")
      try Command.check("dd", "if=\(file)", "of=/dev/null", "bs=1M", "skip=150", "count=10")
    case "all":
      try Command.check("dd", "if=\(file)", "of=/dev/null", "bs=1M")
    default:
      break
    }
    let before = try pages(file)
    _ = try Headroom.run("map", "--summary", file)
    let after = try pages(file)
    // 2 % of the file.
    #expect(abs(after - before) <= 200 * 256 / 50, "\(before) pages before, \(after) after")
    #expect(cached != "all" || before > 200 * 250)
    #expect(cached != "none" || before < 200 * 5)
  }

  @Test("an ordinary user's scan leaves nothing behind either", .needsRoot)
  func anOrdinaryUsersScanLeavesNothingBehindEither() throws {
    let scratch = try ScratchDirectory()
    let file = scratch.file("image")
    try Command.check("dd", "if=/dev/urandom", "of=\(file)", "bs=1M", "count=64", "conv=fsync")
    try Command.check("chmod", "644", file)
    try Command.check("dd", "if=\(file)", "iflag=nocache", "count=0")
    let result = try Command.run(
      Products.headroom(), "map", "--summary", file, asUser: Machine.ordinaryUser)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try pages(file) <= 64 * 256 / 50)
  }

  /// Dropping a page begins to write it back where it is dirty, and a page of which only a part was written looks absent.
  @Test("data that was not written back yet stays so", .needsRootAndLoop) func dirtyDataStaysDirty() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100, mkfsArguments: ["-b", "1024"]) { mountpoint, _ in
      let file = "\(mountpoint)/image"
      for number in 0..<40 {
        try Command.check(
          "dd", "if=/dev/urandom", "of=\(file)", "bs=1024", "count=1", "seek=\(number * 2)", "conv=notrunc")
      }
      let before = try delayed(file)
      try #require(before > 0)
      _ = try Headroom.run("map", "--json", "--zeros", file)
      #expect(try delayed(file) == before)
    }
  }

  private func delayed(_ file: String) throws -> Int {
    try Command.check("filefrag", "-v", file).lines.filter { $0.contains("delalloc") }.count
  }

  private func pages(_ file: String) throws -> Int {
    let text = try Command.check("fincore", "--noheadings", "--raw", "--output", "PAGES", file).text
    return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
}
