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

  private func pages(_ file: String) throws -> Int {
    let text = try Command.check("fincore", "--noheadings", "--raw", "--output", "PAGES", file).text
    return try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
}
