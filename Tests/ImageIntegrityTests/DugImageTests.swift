import Foundation
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// Images whose zeros were dug: good ones stay clean, and what was lost before leaves its mark.
@Suite(.serialized, .needsRootAndLoop) struct DugImageTests {
  private static let recipes = [
    ImageRecipe(type: "ext2", arguments: ["-b", "4096"]), ImageRecipe(type: "ext4", arguments: ["-b", "1024"]),
    ImageRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "^metadata_csum,^uninit_bg", "-i", "4096"]),
  ]

  @Test("a good image that was dug or sparsely copied is clean", arguments: recipes)
  func aGoodImageThatWasDug(_ recipe: ImageRecipe) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(10)
    let image = try makeGoodImage(recipe, in: scratch, &random)
    #expect(try verify(image).isAsWritten)
    let copy = scratch.file("copy.img")
    try Command.check("cp", "--sparse=always", image, copy)
    let coarse = scratch.file("coarse.img")
    try Command.check("dd", "if=\(image)", "of=\(coarse)", "bs=256k", "conv=sparse")
    try Command.check("truncate", "-r", image, coarse)
    let rsynced = scratch.file("rsynced.img")
    try Command.check("rsync", "--sparse", image, rsynced)
    let dense = scratch.file("dense.img")
    try Command.check("cp", "--sparse=never", image, dense)
    try Command.check("fallocate", "--dig-holes", dense)
    try Command.check("fallocate", "--dig-holes", image)
    for path in [image, copy, coarse, rsynced, dense] {
      let integrity = try verify(path).integrity
      #expect(integrity.state == .clean, "\(path): \(integrity)")
      #expect(integrity.files == [], "\(path): \(integrity)")
      if path != coarse { #expect(integrity.dugBytes != .zero, "\(path): \(integrity)") }
      let quick = try verify(path, readsData: false).integrity
      #expect(quick.state == .clean || quick.isUndecided == true, "\(path): \(quick)")
    }
  }

  @Test("a file that is gone shows after the holes were dug, and after a plain copy filled them", arguments: recipes)
  func aFileThatIsGone(_ recipe: ImageRecipe) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(11)
    let image = try makeGoodImage(recipe, in: scratch, &random)
    let gone = "/usr/share/p11-kit/ca.p11"
    let blockSize = try Int(DebugFS.value("Block size", image)) ?? 0
    for range in try DebugFS(image).dataRuns(of: gone) {
      // What is lost of a host's block is all of it.
      let start = range.lowerBound * blockSize / 4096
      let end = (range.upperBound * blockSize + 4095) / 4096
      try Command.check("fallocate", "-p", "-o", "\(start * 4096)", "-l", "\((end - start) * 4096)", image)
    }
    let damaged = try verify(image).integrity
    #expect(damaged.state == .damaged)
    #expect(damaged.files?.contains { $0.path == FilePath(gone) && $0.allNul == true } == true, "\(damaged)")
    let copy = scratch.file("dense.img")
    try Command.check("cp", "--sparse=never", image, copy)
    try Command.check("fallocate", "--dig-holes", image)
    for path in [image, copy] {
      let integrity = try verify(path).integrity
      // With blocks of 1 KiB a node of some map may lie in the same block of the host.
      #expect(integrity.state == (damaged.metadataLost == nil ? .suspect : .damaged), "\(path): \(integrity)")
      let file = integrity.files?.first { $0.path == FilePath(gone) }
      #expect(file?.allNul == true && file?.suspect == true, "\(path): \(integrity)")
    }
  }

  @Test("files that systems keep as zeros are not reported") func filesThatSystemsKeepAsZeros() throws {
    let scratch = try ScratchDirectory()
    let image = try ImageRecipe(type: "ext2", arguments: ["-b", "4096"]).make(in: scratch)
    try LoopMount.with(image: image) { root, _ in
      try FileManager.default.createDirectory(atPath: "\(root)/var/log", withIntermediateDirectories: true)
      try FileManager.default.createDirectory(
        atPath: "\(root)/var/lib/pgsql/pg_subtrans", withIntermediateDirectories: true)
      for (path, count) in [("var/log/lastlog", 292_000), ("var/lib/pgsql/pg_subtrans/0000", 8192), ("flag", 1)] {
        try Data(count: count).write(to: URL(fileURLWithPath: "\(root)/\(path)"))
      }
    }
    try Command.check("fallocate", "--dig-holes", image)
    let integrity = try verify(image).integrity
    #expect(integrity.state == .clean, "\(integrity)")
    // Without reading data it is undecided at most: names that were not looked for are no sign of anything.
    let quick = try verify(image, readsData: false).integrity
    #expect(quick.state == .clean || quick.isUndecided == true, "\(quick)")
  }
}
