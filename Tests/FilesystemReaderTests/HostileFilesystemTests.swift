import ExtentAnalyzer
import FilesystemReader
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

/// Filesystems whose structures were overwritten at random: an answer or an error, never a crash, an endless loop or
/// a range outside of the filesystem.
@Suite struct HostileFilesystemTests {
  private static let recipes = [
    ExtRecipe(type: "ext4", arguments: ["-b", "1024"], sizeMiB: 8),
    ExtRecipe(type: "ext2", arguments: ["-b", "1024"], sizeMiB: 8),
    ExtRecipe(type: "ext4", arguments: ["-b", "4096", "-O", "bigalloc,inline_data"], sizeMiB: 32),
  ]

  @Test("damaged structures are an error or a sane answer", arguments: recipes)
  func damagedStructuresAreAnErrorOrASaneAnswer(_ recipe: ExtRecipe) throws {
    let scratch = try ScratchDirectory()
    let image = try recipe.make(in: scratch)
    // Checksums would catch most of the damage before it gets anywhere.
    try Command.check("tune2fs", "-O", "^metadata_csum", image)
    let good = try Data(contentsOf: URL(fileURLWithPath: image))
    var random = Seed.current.derived(77)
    var opened = 0
    for _ in 0..<LongProof.count(2000, sample: 60) {
      var bad = good
      // A superblock that contradicts itself is refused at once, so most damage lies behind it.
      let from = Int.random(in: 0..<4, using: &random) == 0 ? 1024 : 2048
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        // Mostly where metadata lies: the start of the filesystem.
        let limit = Bool.random(using: &random) ? 4096 : Bool.random(using: &random) ? 200_000 : bad.count
        bad[Int.random(in: from..<limit, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let path = scratch.file("bad.img")
      try bad.write(to: URL(fileURLWithPath: path))
      if walk(path, "seed \(Seed.current.value)") { opened += 1 }
    }
    // Else nothing behind the superblock was ever looked at.
    #expect(opened > LongProof.count(2000, sample: 60) / 4)
  }

  /// - Returns: Whether it could be opened.
  private func walk(_ path: String, _ comment: Comment) -> Bool {
    do {
      let ext = try openExt(path)
      for run in try ext.freeRuns() { #expect(run.end <= ext.superblock.size, comment) }
      var stack: [(UInt32, FilePath)] = [(2, "")]
      var seen: Set<UInt32> = []
      while let (inode, directory) = stack.popLast() {
        guard seen.insert(inode).inserted, seen.count < 1000 else { continue }
        for entry in (try? ext.entries(ofDirectory: inode, path: directory)) ?? [] {
          if entry.status.kind == .directory { stack.append((entry.inode, entry.path)) }
          guard entry.status.kind == .regular, let file = try? ext.open(inode: entry.inode, path: entry.path) else {
            continue
          }
          let map = try file.extentMap()
          for extent in map {
            #expect(
              (extent.physical ?? 0) + (extent.physical == nil ? 0 : extent.length) <= ext.superblock.size, comment)
          }
          _ = try? file.bytes(at: 0, count: 4096)
          _ = try? file.bytes(at: file.size / 2, count: 4096)
        }
      }
      _ = InnerInspection.of(ext.source)
      return true
    } catch {
      // An error is a fine answer.
      return false
    }
  }

  @Test("a filesystem that is cut off says so") func aFilesystemThatIsCutOffSaysSo() throws {
    let scratch = try ScratchDirectory()
    let image = try ExtRecipe(type: "ext4", arguments: ["-b", "4096"]).make(in: scratch)
    #expect(try !openExt(image).isTruncated)
    try Command.check("truncate", "-s", "20M", image)
    #expect(try openExt(image).isTruncated)
    try Command.check("truncate", "-s", "3K", image)
    #expect(throws: StorageError.self) { try openExt(image) }
  }

  @Test("a journal that was not replayed is noticed and free space counted from the bitmaps")
  func aJournalThatWasNotReplayedIsNoticedAndFreeSpaceCountedFromTheBitmaps() throws {
    let scratch = try ScratchDirectory()
    let image = try ExtRecipe(type: "ext4", arguments: ["-b", "4096"]).make(in: scratch)
    try Command.check("debugfs", "-w", "-R", "feature needs_recovery", image)
    let ext = try openExt(image)
    #expect(ext.superblock.needsRecovery)
    #expect(!ext.superblock.features.contains("needs_recovery"))
    #expect(try ext.freeBytes() == ext.freeRuns().reduce(0) { $0 + $1.length })
  }
}
