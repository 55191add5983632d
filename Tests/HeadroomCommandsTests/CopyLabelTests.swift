import Foundation
import SpaceModel
import TestSupport
import Testing

/// `--label` makes the bytes that `tune2fs -L` makes.
@Suite(.needsTool("tune2fs", "mke2fs", "e2fsck")) struct CopyLabelTests {
  static let kinds = [
    ["-t", "ext2"], ["-t", "ext3"], ["-t", "ext4"], ["-t", "ext4", "-b", "1024"],
    ["-t", "ext4", "-O", "^metadata_csum"],
    ["-t", "ext4", "-O", "bigalloc"], ["-t", "ext4", "-O", "sparse_super2"],
    ["-t", "ext4", "-O", "meta_bg,^resize_inode"], ["-t", "ext2", "-O", "^sparse_super,^resize_inode", "-b", "1024"],
    ["-t", "ext4", "-g", "8192", "-O", "64bit"],
  ]

  private static func image(_ scratch: ScratchDirectory, _ kind: [String]) throws -> String {
    let image = try scratch.sparseFile("image", bytes: 200 << 20)
    try Command.check("mke2fs", arguments: ["-q", "-F", "-L", "COS_ACTIVE"] + kind + [image])
    return image
  }

  @Test("byte for byte, backups and checksums too", arguments: kinds) func bytes(kind: [String]) throws {
    let scratch = try ScratchDirectory()
    let image = try Self.image(scratch, kind)
    var isSame = false
    // The time of writing is in there: both must fall into the same second.
    for _ in 0..<10 where !isSame {
      try Command.check("cp", "--sparse=always", image, scratch.file("theirs"))
      let done = try CopyImage.copy("--label", "COS_PASSIVE", "--verify", image, scratch.file("ours"))
      #expect(done.label == "COS_PASSIVE" && done.verified)
      try Command.check("tune2fs", "-L", "COS_PASSIVE", scratch.file("theirs"))
      isSame = try Command.run("cmp", scratch.file("theirs"), scratch.file("ours")).status == 0
    }
    #expect(isSame)
    try Command.check("e2fsck", "-f", "-n", scratch.file("ours"))
    #expect(
      try Command.check("blkid", "-p", "-s", "LABEL", "-o", "value", scratch.file("ours")).text == "COS_PASSIVE\n")
  }

  @Test("a copy that shares the source's blocks has it, too", .needsRootAndLoop, .needsFilesystem("xfs"))
  func reflink() throws {
    try LoopMount.withFilesystem("xfs", sizeMiB: 320, mkfsArguments: ["-m", "reflink=1"]) { mountpoint, _ in
      let (image, copy) = ("\(mountpoint)/image", "\(mountpoint)/copy")
      try Command.check("truncate", "-s", "200M", image)
      try Command.check("mke2fs", "-q", "-F", "-t", "ext4", "-L", "COS_ACTIVE", image)
      let before = try Command.check("sha256sum", image).text
      let done = try CopyImage.copy("--reflink=always", "--label", "COS_PASSIVE", "--verify", image, copy)
      #expect(done.method == "reflink" && done.verified)
      #expect(try Command.check("e2label", copy).text == "COS_PASSIVE\n")
      try Command.check("e2fsck", "-f", "-n", copy)
      #expect(try Command.check("sha256sum", image).text == before)
    }
  }

  @Test("labels of every length, and none", arguments: ["", "x", "sixteen-bytes-xx", "größe"])
  func labels(label: String) throws {
    let scratch = try ScratchDirectory()
    let image = try Self.image(scratch, ["-t", "ext4"])
    let done = try CopyImage.copy("--label", label, image, scratch.file("copy"))
    #expect(done.label == (label.isEmpty ? nil : label) && done.label_removed == (label.isEmpty ? true : nil))
    let shown = try Command.check("e2label", scratch.file("copy")).text.trimmingCharacters(in: .newlines)
    #expect(shown == label)
  }

  @Test("what cannot take a label is refused before anything is written") func refused() throws {
    let scratch = try ScratchDirectory()
    try CopyImage.make(scratch.file("noise"), megabytes: 4)
    let noise = try Headroom.run("copy", "--label", "X", scratch.file("noise"), scratch.file("copy"))
    #expect(noise.status == 3, "\(noise)")
    #expect(noise.errors.contains("ext2, ext3 or ext4"), "\(noise)")
    let image = try Self.image(scratch, ["-t", "ext4"])
    try Command.check("debugfs", "-w", "-R", "feature needs_recovery", image)
    let recovery = try Headroom.run("copy", "--label", "X", image, scratch.file("copy"))
    #expect(recovery.status == 3)
    #expect(recovery.errors.contains("its journal was not replayed"), "\(recovery)")
    let long = try Headroom.run("copy", "--label", "seventeen-bytes-x", image, scratch.file("copy"))
    #expect(long.status == 64)
    #expect(try CopyImage.entries(scratch.path) == ["image", "noise"])
    // Without a label it is a file like any other.
    _ = try CopyImage.copy(scratch.file("noise"), scratch.file("copy"))
  }
}
