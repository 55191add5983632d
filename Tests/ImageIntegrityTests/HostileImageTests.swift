import Foundation
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// Images whose structures were overwritten at random, or that are no filesystem at all.
@Suite(.serialized, .needsRootAndLoop) struct HostileImageTests {
  @Test(
    "overwritten structures never crash the check",
    arguments: [
      ImageRecipe(type: "ext4", arguments: ["-b", "1024", "-O", "^metadata_csum"], sizeMiB: 40),
      ImageRecipe(type: "ext2", arguments: ["-b", "1024"], sizeMiB: 40),
      ImageRecipe(type: "ext4", arguments: ["-b", "4096"], sizeMiB: 40),
    ])
  func overwrittenStructuresNeverCrashTheCheck(_ recipe: ImageRecipe) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(30)
    let image = try makeGoodImage(recipe, in: scratch, &random)
    let good = try FileHandle(forReadingFrom: URL(fileURLWithPath: image))
    let bad = try FileHandle(forUpdating: URL(fileURLWithPath: image))
    let inodeTable =
      try Int(
        Command.check("dumpe2fs", image).text.components(separatedBy: "Inode table at ")[1]
          .prefix { $0.isNumber }) ?? 0
    let blockSize = Int(recipe.arguments[1]) ?? 1024
    var answers: [Integrity.State: Int] = [:]
    for _ in 0..<LongProof.count(600, sample: 40) {
      var undo: [(UInt64, Data)] = []
      for _ in 0..<Int.random(in: 1...200, using: &random) {
        let from = Bool.random(using: &random) ? 1024 : inodeTable * blockSize
        let offset = UInt64(Int.random(in: from..<from + (from == 1024 ? 300_000 : 40_000), using: &random))
        try good.seek(toOffset: offset)
        undo.append((offset, try good.read(upToCount: 1) ?? Data()))
        try bad.seek(toOffset: offset)
        try bad.write(contentsOf: Data([UInt8.random(in: 0...255, using: &random)]))
      }
      let integrity = try verify(image, readsData: Bool.random(using: &random)).integrity
      answers[integrity.state, default: 0] += 1
      #expect(!integrity.reason.isEmpty)
      for (offset, byte) in undo.reversed() {
        try bad.seek(toOffset: offset)
        try bad.write(contentsOf: byte)
      }
    }
    // Else nothing behind the superblock was ever looked at.
    #expect((answers[.unknown] ?? 0) > 0 || (answers[.damaged] ?? 0) > 0, "\(answers)")
  }

  @Test("what libext2fs cannot read is never clean") func whatCannotBeReadIsNeverClean() throws {
    let scratch = try ScratchDirectory()
    let empty = try scratch.sparseFile("empty.img", bytes: 64 << 20)
    #expect(try verify(empty).integrity.state == .unknown)
    let noise = scratch.file("noise.img")
    try Command.check("dd", "if=/dev/urandom", "of=\(noise)", "bs=1M", "count=4")
    #expect(try verify(noise).integrity.state == .unknown)
    var random = Seed.current.derived(31)
    let recipe = ImageRecipe(type: "ext4", arguments: ["-b", "1024", "-O", "^metadata_csum"], sizeMiB: 40)
    let image = try makeGoodImage(recipe, in: scratch, &random)
    // A file whose extent tree begins with no magic number.
    let before = try DebugFS(image).ask("stat /usr/share/p11-kit/ca.p11")
    try Command.check("debugfs", "-w", "-R", "set_inode_field /usr/share/p11-kit/ca.p11 block[0] 0x12345678", image)
    let integrity = try verify(image).integrity
    #expect(integrity.state == .unknown, "\(before)\n\(integrity)")
  }
}
