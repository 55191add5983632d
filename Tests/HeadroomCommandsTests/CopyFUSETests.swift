import Foundation
import SpaceModel
import TestSupport
import Testing

/// Filesystems that are programs: no extent maps, no unnamed files, no leases, and copy_file_range only for some.
@Suite(.needsRootAndLoop, .serialized) struct CopyFUSETests {
  enum Kind: String, CaseIterable {
    /// Hands everything on to a directory.
    case bindfs
    /// An ext4, which has no copy_file_range.
    case fuse2fs
  }

  /// - Parameter body: Is given a mountpoint and, with bindfs, the directory behind it.
  private func with(_ kind: Kind, _ body: (_ mountpoint: String, _ behind: String?) throws -> Void) throws {
    let scratch = try ScratchDirectory()
    switch kind {
    case .bindfs:
      try LoopMount.withFilesystem("ext4", sizeMiB: 200) { behind, _ in
        let mountpoint = try scratch.directory("mount")
        try Command.check("bindfs", behind, mountpoint)
        defer { unmount(mountpoint) }
        try body(mountpoint, behind)
      }
    case .fuse2fs:
      let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 200)
      let mountpoint = try scratch.directory("mount")
      try Command.check("fuse2fs", image, mountpoint)
      defer { unmount(mountpoint) }
      try body(mountpoint, nil)
    }
  }

  private func unmount(_ mountpoint: String) {
    for _ in 0..<100 {
      if (try? Command.run("umount", mountpoint).status) == 0 { return }
      usleep(40_000)
    }
    _ = try? Command.run("umount", "-l", mountpoint)
  }

  @Test(
    "copies into it, from it and within it are whole, without the zeros, and nothing else is left",
    .needsTool("bindfs", "fuse2fs"), arguments: Kind.allCases)
  func copies(kind: Kind) throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try CopyImage.make(source, megabytes: 16)
    let content = try Reclaim.checksum(source)
    try Command.check("cp", "--sparse=always", source, scratch.file("sparse"))
    let sparse = try CopyImage.allocated(scratch.file("sparse"))
    try with(kind) { mountpoint, behind in
      let into = try CopyImage.copy("--verify", source, "\(mountpoint)/into")
      #expect(into.method == "sparse")
      let within = try CopyImage.copy("--verify", "\(mountpoint)/into", "\(mountpoint)/within")
      #expect(["sparse", "copy-file-range"].contains(within.method))
      let from = try CopyImage.copy("--verify", "\(mountpoint)/within", scratch.file("from"))
      #expect(from.method == "sparse")
      // What is there is replaced.
      _ = try CopyImage.copy("--verify", "\(mountpoint)/into", "\(mountpoint)/within")
      for path in ["\(mountpoint)/into", "\(mountpoint)/within", scratch.file("from")] {
        #expect(try Reclaim.checksum(path) == content, "\(path)")
      }
      #expect(try CopyImage.allocated(scratch.file("from")) <= sparse)
      if let behind { #expect(try CopyImage.allocated("\(behind)/within") <= sparse + 8192) }
      #expect(try CopyImage.entries(mountpoint) == ["into", "within"])
      print("\(kind.rawValue): within by \(within.method)")
    }
  }

  @Test("a kill leaves the old copy and at most a temporary file, which a rerun removes", .needsTool("bindfs"))
  func killed() throws {
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=48", "status=none")
    let content = try Reclaim.checksum(source)
    var random = Seed.current.derived(48)
    try with(.bindfs) { mountpoint, _ in
      let copy = "\(mountpoint)/copy"
      var left = 0
      for number in 0..<LongProof.count(50, sample: 5) {
        try CopyImage.writeOld(copy)
        let running = try Command.start(
          try Products.headroom(), arguments: ["copy", source, copy], environment: Headroom.environment)
        usleep(UInt32.random(in: 0..<150_000, using: &random))
        running.signal(SIGKILL)
        _ = try running.finish()
        let isOld = try String(decoding: Data(contentsOf: URL(fileURLWithPath: copy)).prefix(4), as: UTF8.self) == "old"
        if !isOld { #expect(try Reclaim.checksum(copy) == content, "\(Seed.current), kill \(number)") }
        let entries = try CopyImage.entries(mountpoint)
        #expect(entries.allSatisfy { $0 == "copy" || $0.hasPrefix(".copy.headroom-copy-") })
        left += entries.count - 1
        _ = try CopyImage.copy(source, copy)
        #expect(try CopyImage.entries(mountpoint) == ["copy"])
        #expect(try Reclaim.checksum(copy) == content)
      }
      print("bindfs: \(left) temporary files left by kills")
    }
  }

  @Test("nothing is dug there: what a punch gives back is not known", .needsTool("bindfs", "fuse2fs"))
  func digging() throws {
    for kind in Kind.allCases {
      try with(kind) { mountpoint, behind in
        let image = "\(mountpoint)/image"
        try Reclaim.makeStripes(image, mebibytes: 4, stripe: 65536)
        let content = try Reclaim.checksum(image)
        let result = try Headroom.run("reclaim", "--apply", image)
        if result.status != 0 {
          #expect(result.status == 3 && result.errors.contains("does not tell where its data lies"), "\(result)")
        } else {
          #expect(result.text.contains("nothing to give back"), "\(result)")
        }
        #expect(try Reclaim.checksum(image) == content)
        // Where the file really lies it can be done.
        guard let behind else { return }
        #expect(try Reclaim.run("--apply", "--verify", "\(behind)/image").image.state == .done)
        #expect(try Reclaim.checksum(image) == content)
      }
    }
  }
}
