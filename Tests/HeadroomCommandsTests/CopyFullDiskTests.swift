import Foundation
import SpaceModel
import TestSupport
import Testing

/// The last blocks of a filesystem: one after the other is missing, so that each stage of a copy is the one that fails.
@Suite(.needsRootAndLoop, .needsTool("setfattr", "fallocate"), .serialized) struct CopyFullDiskTests {
  private static let block = 1024

  /// A size for which data, extent block, attribute block and the directory's next block are each one block or some.
  private func makeSource(_ path: String) throws {
    try Command.check("sh", "-c", "head -c 20000 /dev/urandom > \(path)")
    // Ten pieces, so that the map needs a block of its own.
    for piece in 1..<10 {
      try Command.check(
        "sh", "-c", "head -c 3000 /dev/urandom | dd of=\(path) bs=1K seek=\(piece * 40) conv=notrunc status=none")
    }
    // Does not fit into the inode.
    try Command.check("setfattr", "-n", "user.long", "-v", String(repeating: "x", count: 700), path)
  }

  @Test(
    "with any number of free blocks it is whole, or the destination is as it was with a clear error",
    arguments: [false, true])
  func anyNumberOfFreeBlocks(hasOld: Bool) throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try makeSource(source)
    let content = try Reclaim.checksum(source)
    var failures: [String: Int] = [:]
    var done = 0
    let mkfs = ["-b", "\(Self.block)", "-m", "0", "-I", "128"]
    try LoopMount.withFilesystem("ext4", sizeMiB: 8, mkfsArguments: mkfs) { mountpoint, device in
      let name = device.split(separator: "/").last ?? ""
      try Command.check("sh", "-c", "echo 0 > /sys/fs/ext4/\(name)/reserved_clusters")
      let directory = "\(mountpoint)/directory"
      let copy = "\(directory)/copy"
      try Command.check("mkdir", directory)
      // Leaves no room for one more entry in the directory's block.
      if hasOld { try CopyImage.writeOld(copy) }
      try Command.check("sh", "-c", "cd \(directory) && touch $(seq -f '%.0f-filler' 0 \(hasOld ? 49 : 50))")
      let before = try CopyImage.entries(directory)
      for free in LongProof.isWhole ? Array(0..<64) : [0, 20, 40] + Array(44..<60) {
        try Command.check("rm", "-f", "\(mountpoint)/ballast")
        try Command.check("sync", "-f", mountpoint)
        let ballast = try Int(IncidentTests.freeBytes(mountpoint)) - free * Self.block
        try Command.check("fallocate", "-l", "\(ballast)", "\(mountpoint)/ballast")
        try Command.check("sync", "-f", mountpoint)
        let result = try Headroom.run("copy", "--verify", source, copy)
        if result.status == 0 {
          done += 1
          #expect(try Reclaim.checksum(copy) == content, "\(free) blocks")
          #expect(try Command.check("getfattr", "--only-values", "-n", "user.long", copy).text.count == 700)
          try Command.check("rm", copy)
          if hasOld {
            try Command.check("rm", "\(mountpoint)/ballast")
            try CopyImage.writeOld(copy)
          }
        } else {
          #expect(FaultyDisk.isClear(result), "\(free) blocks: \(result)")
          let call = result.errors.split(separator: "\n").first { $0.hasPrefix("  cause: ") }?.dropFirst(9)
          failures[String(call?.prefix { $0 != " " } ?? "none"), default: 0] += 1
          // What is found out before anything is written no call has said.
          #expect(
            result.errors.contains("No space left on device") || (call == nil && result.errors.contains(" short\n")),
            "\(free) blocks: \(result)")
          if hasOld { #expect(try String(contentsOfFile: copy, encoding: .utf8) == "old", "\(free) blocks") }
        }
        #expect(try CopyImage.entries(directory) == before, "\(free) blocks: \(result)")
      }
    }
    #expect(try Reclaim.checksum(source) == content)
    #expect(done > 0 && failures.count > 2)
    print("copy onto the last blocks, \(hasOld ? "replacing" : "new"): \(done) whole, failed in \(failures)")
  }
}
