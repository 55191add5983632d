import Foundation
import TestSupport

/// A system's root with many small files and a few larger ones, none of them with zeros in it.
struct EvidenceTree {
  struct File {
    /// Absolute, in the tree.
    var path: String
    var size: Int
  }

  let root: String
  private(set) var files: [File] = []

  init(in scratch: ScratchDirectory, files count: Int) throws {
    root = try scratch.directory("tree")
    var random = Seed.current.derived(500)
    _ = try scratch.directory("tree/etc")
    _ = try scratch.directory("tree/usr/share")
    let noise = (0..<1 << 20).map { _ in UInt8.random(in: 1...255, using: &random) }
    for (path, text) in [
      ("/etc/os-release", "PRETTY_NAME=\"Harvester v1.8.0\"\n"), ("/etc/hostname", "localhost\n"),
      ("/etc/resolv.conf", String(repeating: "nameserver 192.0.2.1\n", count: 100).prefix(2000).description),
      ("/etc/machine-id", "uninitialized\n"),
    ] {
      try scratch.write(text, to: "tree" + path)
      files.append(File(path: path, size: text.utf8.count))
    }
    let directories = max(8, count / 100)
    for number in 0..<directories { _ = try scratch.directory("tree/usr/share/d\(number)") }
    for number in 0..<count {
      // Most files of a system are of a few KiB.
      let size = number % 97 == 0 ? 0 : Int.random(in: 1...(number % 10 == 0 ? 60_000 : 6000), using: &random)
      let at = Int.random(in: 0..<(noise.count - size), using: &random)
      let path = "/usr/share/d\(number % directories)/f\(number)"
      try Self.write(noise[at..<at + size], to: root + path)
      files.append(File(path: path, size: size))
    }
    let large = noise + noise.reversed() + noise[..<123_457]
    try scratch.write(large, to: "tree/usr/share/large")
    files.append(File(path: "/usr/share/large", size: large.count))
    try FileManager.default.createSymbolicLink(atPath: "\(root)/usr/share/link", withDestinationPath: "../share/large")
    try FileManager.default.createSymbolicLink(
      atPath: "\(root)/usr/share/long", withDestinationPath: String(repeating: "../share/", count: 20) + "large")
    _ = try scratch.directory("tree/proc")
  }

  /// Without the fsync that Foundation's writing does, which takes minutes for so many.
  private static func write(_ bytes: ArraySlice<UInt8>, to path: String) throws {
    let handle = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard handle >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(handle) }
    guard bytes.withUnsafeBytes({ Foundation.write(handle, $0.baseAddress, $0.count) }) == bytes.count else {
      throw CocoaError(.fileWriteUnknown)
    }
  }

  /// An image with the tree in it, made without root.
  func image(_ type: String, in scratch: ScratchDirectory, name: String = "active.img") throws -> String {
    let bytes = files.reduce(0) { $0 + ($1.size + 4095) / 4096 * 4096 } + files.count * 512
    let image = try scratch.sparseFile(name, bytes: (bytes / (1 << 20) + 64) * (1 << 20) * 5 / 4)
    try Command.check(
      "mke2fs",
      arguments: ["-q", "-F", "-t", type, "-b", "4096", "-N", "\(files.count + 4000)", "-d", root, image])
    return image
  }

  /// The tree as a payload.
  func payload(_ form: String, in scratch: ScratchDirectory) throws -> String {
    switch form {
    case "squashfs": return try squashfs(in: scratch, name: "payload.squashfs", [])
    case "iso":
      let directory = try scratch.directory("iso")
      _ = try squashfs(in: scratch, name: "iso/rootfs.squashfs", ["-comp", "zstd", "-b", "1M"])
      let iso = scratch.file("payload.iso")
      try Command.check("xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-R", directory)
      return iso
    case "directory": return root
    default: return try image(form, in: scratch, name: "payload.img")
    }
  }

  func squashfs(in scratch: ScratchDirectory, name: String, _ arguments: [String]) throws -> String {
    let image = scratch.file(name)
    try Command.check(
      "mksquashfs",
      arguments: [root, image, "-noappend", "-no-progress", "-quiet", "-processors", "2"] + arguments)
    return image
  }
}
