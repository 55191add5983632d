import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// Images that were cut off or overwritten: an answer or an error, never a crash, an endless loop or more memory than
/// there is.
@Suite(.needsTool("mksquashfs", "setfacl", "setfattr", "setcap")) struct HostileSquashfsTests {
  private func image(_ arguments: [String]) throws -> [UInt8] {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(9))
    return try Array(Data(contentsOf: URL(fileURLWithPath: squashfs(tree.path, in: scratch, arguments))))
  }

  /// - Returns: Whether it could be opened, and whether all of it could be read.
  @discardableResult
  private func read(_ bytes: [UInt8]) -> (opened: Bool, whole: Bool) {
    var opened = false
    do {
      let tree = try SquashfsRootTree(MemorySource(bytes))
      opened = true
      var files: [FilePath] = []
      defer { for file in files.prefix(5) { _ = try? tree.smallFile(file, limit: 100_000) } }
      _ = try? Payload.System(of: tree)
      try tree.walk(excluding: []) { directory throws(StorageError) in
        for entry in directory.entries where entry.kind == .file { files.append(directory.path.appending(entry.name)) }
      }
      return (true, true)
    } catch {
      return (opened, false)
    }
  }

  @Test("an image that is cut off anywhere says so") func anImageThatIsCutOffAnywhereSaysSo() throws {
    let whole = try image(["-comp", "zstd"])
    var random = Seed.current.derived(10)
    let used = Int(whole[40..<48].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    #expect(read(Array(whole[..<used])).whole)
    for _ in 0..<LongProof.count(2000, sample: 50) {
      let length = Int.random(in: 0..<used, using: &random)
      let error = #expect(throws: StorageError.self) {
        try SquashfsRootTree(MemorySource(Array(whole[..<length])))
      }
      #expect(error?.code == (length < 96 ? .unsupported : .truncated), "\(length) bytes")
    }
  }

  @Test(
    "overwritten bytes are an error or a sane answer",
    arguments: [
      ["-noI", "-noD", "-noF", "-noX"], ["-comp", "gzip"], ["-comp", "xz"], ["-comp", "lz4"], ["-comp", "zstd"],
    ])
  func overwrittenBytesAreAnErrorOrASaneAnswer(_ arguments: [String]) throws {
    let good = try image(arguments)
    let inodeTable = Int(good[64..<72].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    var random = Seed.current.derived(11)
    var opened = 0
    let count = LongProof.count(4000, sample: 30)
    for _ in 0..<count {
      var bad = good
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        // Mostly the tables at the end, sometimes the superblock, now and then data.
        let place =
          switch Int.random(in: 0..<12, using: &random) {
          case 0: 0..<96
          case 1: 96..<inodeTable
          default: inodeTable..<good.count
          }
        bad[Int.random(in: place, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if read(bad).opened { opened += 1 }
    }
    // Else nothing behind the superblock was ever looked at.
    #expect(opened > count / 4, "\(Seed.current)")
  }

  @Test("a directory that holds itself is an error") func aDirectoryThatHoldsItselfIsAnError() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc/below")
    var bytes = try Array(
      Data(
        contentsOf: URL(
          fileURLWithPath: squashfs(scratch.file("tree"), in: scratch, ["-noI", "-noD", "-noF", "-noX"]))))
    // One block of inodes; the root's reference points to the last of them. Every entry is made to name it.
    let root = Array(bytes[32..<34])
    let directories = Int(bytes[72..<80].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) + 2
    for header in [directories, directories + 12 + 8 + 5] {
      bytes[header + 12] = root[0]
      bytes[header + 13] = root[1]
    }
    let error = #expect(throws: StorageError.self) {
      try SquashfsRootTree(MemorySource(bytes)).walk(excluding: []) { _ in }
    }
    #expect(error?.message == "its directories go in circles")
  }
}
