import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// An image that is in use is refused, each kind of use by its own check; behind a read-only loop it is not.
@Suite(.needsRootAndLoop, .needsTool("losetup", "chattr"), .serialized)
struct ReclaimInUseTests {
  private func withImage(_ body: (_ image: String, _ mountpoint: String) throws -> Void) throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 100) { mountpoint, _ in
      let image = "\(mountpoint)/image"
      try Reclaim.makeStripes(image, mebibytes: 8, stripe: 65536)
      try body(image, mountpoint)
    }
  }

  /// Refused, nothing punched, and the words say why and how to go on.
  private func expectRefused(_ image: String, _ reason: ReclaimObjection.Reason, naming words: String) throws {
    let before = try Reclaim.allocated(image)
    for arguments in [["--apply"], []] {
      let result = try Headroom.run(arguments: ["reclaim", "--json", image] + arguments)
      #expect(result.status == 3, "\(result)")
      let refused = try #require(Reclaim.decoded(result).filesystems.first?.images.first)
      #expect(refused.state == .refused)
      #expect(refused.objections.map(\.reason).contains(reason), "\(refused.objections)")
      #expect(result.errors.contains("cannot dig holes into '\(image)'"))
      #expect(result.errors.contains(words), "\(result)")
      #expect(result.errors.contains("--force=\(reason.rawValue)"))
    }
    #expect(try Reclaim.allocated(image) == before)
  }

  @Test("a read-write loop device refuses it") func aReadWriteLoopDeviceRefusesIt() throws {
    try withImage { image, _ in
      let loop = try LoopDevice(image: image)
      try expectRefused(image, .writing, naming: loop.name)
      try loop.detach()
      #expect(try Reclaim.run("--apply", image).image.state == .done)
    }
  }

  @Test("open for writing refuses it, and the process is named") func openForWritingRefusesIt() throws {
    try withImage { image, _ in
      let file = open(image, O_RDWR | O_CLOEXEC)
      try expectRefused(image, .writing, naming: "process \(getpid()) ")
      close(file)
    }
  }

  @Test("open for reading refuses it, unless that is left out") func openForReadingRefusesIt() throws {
    try withImage { image, _ in
      let content = try Reclaim.checksum(image)
      let file = open(image, O_RDONLY | O_CLOEXEC)
      try expectRefused(image, .open, naming: "process \(getpid()) ")
      let forced = try Reclaim.run("--apply", "--verify", "--force=open", image)
      close(file)
      #expect(try forced.image.state == .done)
      #expect(try forced.image.lease == .notGranted)
      #expect(try forced.image.objections.map(\.forced) == [true])
      #expect(try Reclaim.checksum(image) == content)
    }
  }

  @Test("a mapping whose descriptor was closed refuses it: the kernel knows") func aMappingRefusesIt() throws {
    try withImage { image, _ in
      let file = open(image, O_RDWR | O_CLOEXEC)
      let address = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
      close(file)
      let before = try Reclaim.allocated(image)
      let refused = try Reclaim.run("--apply", image, status: 3)
      munmap(address, 4096)
      #expect(try refused.image.state == .refused)
      #expect(try refused.image.objections.map(\.reason) == [.writing])
      #expect(try Reclaim.allocated(image) == before)
    }
  }

  @Test("an immutable file is refused, and with the word immutable again afterwards") func anImmutableFileIsRefused()
    throws
  {
    try withImage { image, _ in
      try Command.check("chattr", "+i", image)
      defer { _ = try? Command.run("chattr", "-i", image) }
      try expectRefused(image, .immutable, naming: "chattr -ia")
      let done = try Reclaim.run("--apply", "--verify", "--force=immutable", image)
      #expect(try done.image.state == .done)
      #expect(try done.image.lease == .held)
      #expect(try Command.check("lsattr", image).text.prefix { $0 != " " }.contains("i"))
    }
  }

  @Test("an upgrade that runs refuses it") func anUpgradeThatRunsRefusesIt() throws {
    try withImage { image, _ in
      let root = try ScratchDirectory()
      for (name, text) in [("cmdline", "root=x"), ("2/comm", "kthreadd"), ("4711/comm", "elemental")] {
        let file = root.file("proc/\(name)")
        try Command.check("mkdir", "-p", (file as NSString).deletingLastPathComponent)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
      }
      try Data("/usr/bin/elemental\0upgrade\0".utf8).write(to: URL(fileURLWithPath: root.file("proc/4711/cmdline")))
      let refused = try Reclaim.run("--sysroot", root.path, "--apply", image, status: 3)
      #expect(try refused.image.objections.map(\.reason) == [.upgrade])
      let forced = try Reclaim.run("--sysroot", root.path, "--apply", "--force=upgrade", image)
      #expect(try forced.image.state == .done)
    }
  }

  @Test("a system image mounted from a read-only loop is dug, and reads the same afterwards")
  func aSystemImageMountedFromAReadOnlyLoopIsDug() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted { mountpoint, _ in
      let image = "\(mountpoint)/cOS/passive.img"
      try LoopMount.with(image: image, type: "ext2", readOnly: true) { root, device in
        func files() throws -> String {
          try Command.check("sh", "-c", "cd '\(root)' && find . -type f | sort | xargs sha256sum").text
        }
        let before = try files()
        let allocated = try Reclaim.allocated(image)
        let done = try Reclaim.run("--apply", "--verify", image)
        #expect(try done.image.state == .done)
        #expect(try done.image.lease == .notGranted)
        #expect(try done.image.contentUnchanged == true)
        #expect(try done.image.notes?.first?.contains(device.split(separator: "/").last ?? "?") == true)
        #expect(try Reclaim.allocated(image) < allocated)
        try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
        #expect(try files() == before)
      }
    }
  }

  @Test("an image that is mounted and written to is refused") func anImageThatIsMountedAndWrittenToIsRefused() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted { mountpoint, _ in
      let image = "\(mountpoint)/cOS/passive.img"
      try LoopMount.with(image: image, type: "ext2") { _, device in
        try expectRefused(image, .writing, naming: String(device.split(separator: "/").last ?? "?"))
      }
    }
  }

  @Test("a deleted file that something still holds is named") func aDeletedFileThatSomethingStillHoldsIsNamed() throws {
    try withImage { image, mountpoint in
      try Command.check("cp", image, "\(mountpoint)/old")
      let loop = try LoopDevice(image: "\(mountpoint)/old")
      try Command.check("rm", "\(mountpoint)/old")
      let dry = try Reclaim.run(image)
      #expect(try dry.filesystem.notes?.contains { $0.contains("/old") && $0.contains(loop.name) } == true)
      try loop.detach()
    }
  }

  @Test("an image with lost metadata is refused; one that was dug in part is not")
  func anImageWithLostMetadataIsRefused() throws {
    let state = try StateFilesystem()
    try state.addImages()
    try state.mounted { mountpoint, _ in
      let image = "\(mountpoint)/cOS/passive.img"
      // Dug in front, as by a dig that was broken off: what is left lies behind.
      try Command.check("fallocate", "--dig-holes", "--offset", "0", "--length", "\(12 << 20)", image)
      #expect(try Reclaim.run(image).image.state == .planned)
      // The first group's inode table.
      let table = try Command.check("sh", "-c", "dumpe2fs '\(image)' 2>/dev/null | grep -m1 'Inode table at'").text
      let block = try #require(
        table.split(separator: " ").drop { $0 != "at" }.dropFirst().first?.split(separator: "-").first.flatMap {
          Int($0)
        })
      try Command.check(
        "fallocate", "--punch-hole", "--offset", "\(block * 4096)", "--length", "4096", image)
      let refused = try Reclaim.run("--apply", image, status: 3)
      #expect(try refused.image.objections.map(\.reason) == [.damaged])
      #expect(try Reclaim.run("--apply", "--force=damaged", image).image.state == .done)
    }
  }
}
