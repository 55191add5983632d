import Foundation
import SpaceModel
import TestSupport
import Testing

/// The disk fails while an image is copied.
@Suite(.needsRootAndLoop, .needsTool("nbdkit", "nbdfuse", "sha256sum", "e2fsck"), .serialized)
struct CopyDiskErrorTests {
  @Test(
    "I/O errors end it with a clear error; the destination is as it was, and when they are over a rerun finishes",
    arguments: LongProof.cases(FaultyDisk.Case.all, sample: 2))
  func errors(row: FaultyDisk.Case) throws {
    var (source, old) = ("", "")
    let disk = try FaultyDisk { mountpoint in
      try CopyImage.make("\(mountpoint)/source", megabytes: 16)
      try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/copy", "bs=1M", "count=3", "status=none")
      source = try Reclaim.checksum("\(mountpoint)/source")
      old = try Reclaim.checksum("\(mountpoint)/copy")
    }
    func arguments(_ mountpoint: String) -> [String] {
      ["copy", "--verify", "\(mountpoint)/source", "\(mountpoint)/copy"]
    }
    try disk.rounds(row, salt: 1, arguments) { _, isDone, words in
      try disk.afterwards { mountpoint, isRepaired in
        #expect(try Reclaim.checksum("\(mountpoint)/source") == source, "\(words)")
        let found = try Reclaim.checksum("\(mountpoint)/copy")
        // Its name may have been given and only the journal's last write failed.
        #expect(found == source || (!isDone && found == old), "\(words)")
        guard isRepaired else { return }
        _ = try CopyImage.copy("--verify", "\(mountpoint)/source", "\(mountpoint)/copy")
        #expect(try Reclaim.checksum("\(mountpoint)/copy") == source, "\(words)")
        #expect(try CopyImage.entries(mountpoint) == ["copy", "source"], "\(words)")
      }
    }
  }

  @Test(
    "a source on a disk that fails gives no copy, and the error says in which file and at which byte",
    arguments: [false, true])
  func source(isFailingFromTheStart: Bool) throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 160)
    var content = ""
    try LoopMount.with(image: image, type: "ext4") { mountpoint, _ in
      try Command.check("dd", "if=/dev/urandom", "of=\(mountpoint)/source", "bs=1M", "count=96", "status=none")
      content = try Reclaim.checksum("\(mountpoint)/source")
    }
    for hasOld in [false, true] {
      // New each time: the kernel keeps what it has read.
      let device = try ServedDevice(image: image, trouble: .errors(reads: 100, writes: 0))
      let mount = try Mount(device: device.path, type: "ext4", options: ["ro"])
      let source = "\(mount.mountpoint)/source"
      let copies = try scratch.directory("copies-\(hasOld)")
      let copy = "\(copies)/copy"
      if hasOld { try CopyImage.writeOld(copy) }
      try Command.check("stat", source)
      device.isFailing = isFailingFromTheStart
      let running = try Command.start(
        try Products.headroom(), arguments: ["copy", source, copy], environment: Headroom.environment)
      while !isFailingFromTheStart, running.isRunning, try CopyProcess.readBytes(running.processID) < 4 << 20 {
        usleep(200)
      }
      device.isFailing = true
      let result = try running.finish()
      device.isFailing = false
      #expect(FaultyDisk.isClear(result), "\(result)")
      #expect(result.errors.contains("the device reports a read error"), "\(result)")
      #expect(result.errors.contains("'\(source)'"), "\(result)")
      if !isFailingFromTheStart { #expect(result.errors.contains("read error at byte "), "\(result)") }
      #expect(try CopyImage.entries(copies) == (hasOld ? ["copy"] : []))
      if hasOld { #expect(try String(contentsOfFile: copy, encoding: .utf8) == "old") }
      _ = try CopyImage.copy("--verify", source, copy)
      #expect(try Reclaim.checksum(copy) == content)
      try mount.unmount()
      try device.close()
    }
  }
}
