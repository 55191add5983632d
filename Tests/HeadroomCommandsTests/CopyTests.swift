import Foundation
import SpaceModel
import TestSupport
import Testing

/// Copies on real filesystems: the same content, never more space.
@Suite(.needsRootAndLoop) struct CopyTests {
  struct Place: CustomTestStringConvertible, Sendable {
    var type: String
    var mkfs: [String] = []
    var options: [String] = []
    var sizeMiB = 160
    var clones = false
    var testDescription: String { ([type] + mkfs + options).joined(separator: " ") }
  }

  static let places = [
    Place(type: "ext4", mkfs: ["-b", "1024"]), Place(type: "ext4", mkfs: ["-b", "4096"]),
    Place(type: "ext4", mkfs: ["-O", "bigalloc", "-C", "65536"]), Place(type: "ext2"),
    Place(type: "xfs", mkfs: ["-m", "reflink=1"], sizeMiB: 320, clones: true),
    Place(type: "xfs", mkfs: ["-m", "reflink=0"], sizeMiB: 320),
    Place(type: "btrfs", sizeMiB: 256, clones: true),
    Place(type: "btrfs", options: ["compress=zstd"], sizeMiB: 256, clones: true), Place(type: "tmpfs"),
  ].filter { Machine.mounts($0.type) }

  @Test("content is the same, and no more is allocated than by the source and by cp --sparse=always", arguments: places)
  func copies(place: Place) throws {
    try LoopMount.withFilesystem(place.type, sizeMiB: place.sizeMiB, mkfsArguments: place.mkfs, options: place.options)
    {
      mountpoint, _ in
      let (source, copy) = ("\(mountpoint)/source", "\(mountpoint)/copy")
      try CopyImage.make(source, preallocation: place.type != "ext2")
      let done = try CopyImage.copy("--reflink=never", "--verify", source, copy)
      try Command.check("cmp", source, copy)
      #expect(done.method == "sparse" && done.verified)
      #expect(done.destination_read == (place.type == "tmpfs" ? "memory" : "direct"))
      #expect(done.copied_bytes + done.hole_bytes + done.dug_bytes == done.apparent_bytes)
      #expect(done.dug_bytes >= 6 << 20)
      try Command.check("cp", "--sparse=always", "--reflink=never", source, "\(mountpoint)/cp")
      let allocated = try CopyImage.allocated(copy)
      #expect(try allocated <= CopyImage.allocated("\(mountpoint)/cp"))
      #expect(try allocated <= CopyImage.allocated(source))
      // Once more over it, and by a reflink where there are any.
      let again = try CopyImage.copy("--verify", source, copy)
      #expect(again.method == (place.clones ? "reflink" : "sparse"))
      #expect(again.replaced_allocated_bytes != nil)
      try Command.check("cmp", source, copy)
      #expect(try CopyImage.allocated(copy) <= CopyImage.allocated(source))
      let always = try Headroom.run("copy", "--reflink=always", source, "\(mountpoint)/always")
      #expect(always.status == (place.clones ? 0 : 3), "\(always)")
      #expect(
        try CopyImage.entries(mountpoint) == (place.clones ? ["always"] : []) + ["copy", "cp", "source"])
    }
  }

  @Test("a copy in thousands of pieces has no more of an extent tree than cp's", .needsTool("perl"))
  func extentTree() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 640, mkfsArguments: ["-b", "4096"]) { mountpoint, _ in
      let (source, copy, other) = ("\(mountpoint)/source", "\(mountpoint)/copy", "\(mountpoint)/cp")
      try Command.check(
        "perl", "-e",
        """
        open(F, '>', shift) or die;
        for (0..8191) { sysseek(F, $_ * 32768, 0); syswrite(F, 'x' x 16384) == 16384 or die }
        """, source)
      _ = try CopyImage.copy(source, copy)
      try Command.check("cp", "--sparse=always", source, other)
      try Command.check("sync", other)
      // Out of order it would be half as many leaves again.
      #expect(try CopyImage.allocated(copy) <= CopyImage.allocated(other))
    }
  }

  @Test("sizes at the edges: empty, all hole, one byte, a byte less and more than a block")
  func edges() throws {
    let scratch = try ScratchDirectory()
    for size in [0, 1, 4095, 4096, 4097, 3 << 20] {
      for filled in [false, true] where size < 1 << 20 || !filled {
        let source = try scratch.sparseFile("source", bytes: size)
        if filled, size > 0 {
          try Command.check("sh", "-c", "printf x | dd of=\(source) bs=1 seek=\(size - 1) conv=notrunc status=none")
        }
        let done = try CopyImage.copy("--verify", source, scratch.file("copy"))
        #expect(done.apparent_bytes == UInt64(size))
        #expect(done.copied_bytes == (filled && size > 0 ? UInt64((size - 1) % 4096 + 1) : 0))
        try Command.check("cmp", source, scratch.file("copy"))
      }
    }
  }

  @Test("across filesystems, with random files", arguments: ["ext4", "xfs", "tmpfs"].filter(Machine.mounts))
  func across(type: String) throws {
    try LoopMount.withFilesystem(type, sizeMiB: type == "xfs" ? 320 : 96) { mountpoint, _ in
      let scratch = try ScratchDirectory()
      for number in 0..<LongProof.count(50, sample: 5) {
        let plan = SparsePlan.random(seed: Seed.current.derived(number).value)
        let source = scratch.file("source")
        try plan.write(to: source)
        let done = try CopyImage.copy("--verify", source, "\(mountpoint)/copy")
        #expect(done.method == "sparse")
        let same = try Command.run("cmp", source, "\(mountpoint)/copy")
        #expect(same.status == 0, "\(plan)")
        #expect(try CopyImage.allocated("\(mountpoint)/copy") <= CopyImage.allocated(source) + 4096, "\(plan)")
      }
    }
  }

  @Test(
    "owner, mode, times, attributes, ACLs and the SELinux label are kept", .needsTool("getfattr", "setfattr", "setfacl")
  )
  func attributes() throws {
    try LoopMount.withFilesystem("ext4", sizeMiB: 48) { mountpoint, _ in
      let (source, copy) = ("\(mountpoint)/source", "\(mountpoint)/copy")
      try CopyImage.make(source, megabytes: 4)
      for (name, value) in [
        ("user.origin", "here"), ("trusted.note", "there"), ("security.selinux", "system_u:object_r:etc_t:s0"),
      ] { try Command.check("setfattr", "-n", name, "-v", value, source) }
      try Command.check("setfacl", "-m", "u:12:rw", source)
      try Command.check("chown", "1234:4321", source)
      try Command.check("chmod", "4751", source)
      try Command.check("touch", "-d", "2021-02-03 04:05:06.789", source)
      // What the directory would hand on.
      try Command.check("setfacl", "-d", "-m", "u:77:rwx", mountpoint)
      let done = try CopyImage.copy(source, copy)
      #expect(done.not_kept == nil)
      func seen(_ path: String) throws -> String {
        try Command.check("stat", "-c", "%a %u %g %Y %y %s", path).text
          + Command.check("getfattr", "-d", "-m", "-", "--absolute-names", path).lines.dropFirst().joined(
            separator: "\n")
      }
      #expect(try seen(copy) == seen(source))
      // A source without an ACL: the default one does not stick.
      try Command.check("setfacl", "-b", source)
      _ = try CopyImage.copy(source, copy)
      #expect(try seen(copy) == seen(source))
    }
  }

  @Test("an ordinary user's copy says what it could not keep") func ordinaryUser() throws {
    let scratch = try ScratchDirectory(access: .everybodyWrites)
    try CopyImage.make(scratch.file("source"), megabytes: 4)
    let done = try CopyImage.copy(scratch.file("source"), scratch.file("copy"), asUser: Machine.ordinaryUser)
    #expect(done.not_kept == ["owner"])
    try Command.check("cmp", scratch.file("source"), scratch.file("copy"))
    let text = try Headroom.run(
      "copy", "--verify", "source", "copy", asUser: Machine.ordinaryUser, directory: scratch.path
    ).text
    #expect(text.contains("COPIED, without its zeros.\n"))
    #expect(text.contains("\n  contents compared: source by direct reads, copy by direct reads\n"))
    #expect(text.contains("\n  not kept: owner\n"))
  }
}
