import Foundation
import TestSupport

/// An ext4 like a node's COS_STATE: `cOS/active.img` is sparse and holds a filesystem with files, `cOS/passive.img` is
/// the same bytes copied without holes.
struct StateFilesystem {
  let scratch: ScratchDirectory
  /// The filesystem, in a file.
  let image: String
  let label: String

  /// A label no other test uses, so that an audit of the machine that asks for it sees nothing of theirs.
  static func uniqueLabel() -> String { "T" + String(UInt32.random(in: .min ... .max), radix: 36).uppercased() }

  init(
    label: String = uniqueLabel(), sizeMiB: Int = 192, mkfsArguments: [String] = [],
    access: ScratchDirectory.Access = .everybodyReads
  ) throws {
    self.label = label
    scratch = try ScratchDirectory(access: access)
    image = try LoopMount.makeFilesystem(
      "ext4", in: scratch, sizeMiB: sizeMiB, mkfsArguments: ["-L", label] + mkfsArguments)
  }

  /// Mounts it for the length of the closure.
  func mounted<Value>(options: [String] = [], _ body: (_ mountpoint: String, _ device: String) throws -> Value) throws
    -> Value
  {
    try LoopMount.with(image: image, type: "ext4", options: options, body)
  }

  /// Puts both images there. What is inside is made with `mke2fs -d` from random files.
  func addImages(mebibytes: Int = 48, contentMiB: Int = 16) throws {
    let inner = try scratch.sparseFile("inner.img", bytes: mebibytes << 20)
    try Self.makeInner(inner, in: scratch, contentMiB: contentMiB)
    try mounted { mountpoint, _ in
      try Command.check("mkdir", "\(mountpoint)/cOS")
      try Command.check("cp", "--sparse=always", inner, "\(mountpoint)/cOS/active.img")
      // cat writes every byte, as Go's io.Copy did.
      try Command.check("sh", "-c", "cat \(mountpoint)/cOS/active.img > \(mountpoint)/cOS/passive.img")
      try Command.check("sync", "-f", mountpoint)
    }
  }

  /// An ext2 with an os-release and random files in a sparse file.
  static func makeInner(_ file: String, in scratch: ScratchDirectory, contentMiB: Int) throws {
    let tree = try scratch.directory("tree-\(UInt32.random(in: .min ... .max))")
    try Command.check("mkdir", "\(tree)/etc")
    try "NAME=\"SLE\"\nPRETTY_NAME=\"Harvester v1.4.0\"\nVERSION=\"v1.4.0\"\nID=\"sle-micro\"\n"
      .write(toFile: "\(tree)/etc/os-release", atomically: false, encoding: .utf8)
    for number in 0..<4 {
      try Command.check(
        "dd", "if=/dev/urandom", "of=\(tree)/file\(number)", "bs=64K", "count=\(contentMiB * 4)", "status=none")
    }
    try Command.check("mkfs.ext2", "-q", "-F", "-b", "4096", "-L", "COS_ACTIVE", "-d", tree, file)
  }
}
