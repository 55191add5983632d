import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// What each form of a tree says of its contents, against lstat(2) and the bytes of the directory it was made from.
@Suite(.needsTool("mksquashfs", "mke2fs", "setfacl", "setfattr", "setcap", "xorriso")) struct TreeContentsTests {
  /// Compressors, sizes of blocks, with and without fragments, blocks stored as they are.
  static let recipes: [[String]] = [
    ["-comp", "gzip"], ["-comp", "xz", "-b", "1M"], ["-comp", "zstd", "-b", "128K"], ["-comp", "lz4"],
    ["-comp", "lzma"], ["-comp", "gzip", "-b", "1M", "-no-fragments"], ["-comp", "zstd", "-always-use-fragments"],
    ["-noI", "-noD", "-noF", "-noX"], ["-comp", "zstd", "-b", "4K"], ["-comp", "xz", "-no-sparse"],
  ]

  @Test(
    "a squashfs gives every file's bytes, at any offset, and what stat says of every entry",
    arguments: LongProof.cases(recipes, sample: 4))
  func squashfsGivesContents(recipe: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(40))
    let image = try squashfs(tree.path, in: scratch, recipe)
    try check(ContentsOrigin.payload(FilePath(image)).open(), tree, nanoseconds: false)
  }

  @Test("a directory, an ext image and an ISO's squashfs give the same")
  func otherFormsGiveContents() throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(41))
    try check(ContentsOrigin.payload(FilePath(tree.path)).open(), tree, nanoseconds: true)
    for (type, options) in [("ext2", ["-b", "1024"]), ("ext4", ["-I", "256"]), ("ext4", ["-I", "128"])] {
      let image = scratch.file("\(type)\(options[1]).img")
      try Command.check("truncate", "-s", "200M", image)
      try Command.check("mke2fs", arguments: ["-q", "-t", type, "-N", "4096"] + options + ["-d", tree.path, image])
      try check(ContentsOrigin.payload(FilePath(image)).open(), tree, nanoseconds: false)
    }
    let files = try scratch.directory("iso")
    _ = try squashfs(tree.path, in: scratch, name: "iso/rootfs.squashfs")
    let iso = scratch.file("payload.iso")
    try Command.check("xorriso", "-as", "mkisofs", "-quiet", "-o", iso, "-R", files)
    try check(ContentsOrigin.payload(FilePath(iso)).open(), tree, nanoseconds: false)
  }

  @Test("a payload card has no contents to compare")
  func cardHasNoContents() throws {
    let scratch = try ScratchDirectory()
    let card = try scratch.write("{}", to: "card.json")
    let error = #expect(throws: StorageError.self) { try ContentsOrigin.payload(FilePath(card)) }
    #expect(error?.summary == "cannot compare with '\(card)': it is a payload card, which holds no contents")
  }

  private func check(_ contents: any TreeContents, _ tree: PayloadTree, nanoseconds: Bool) throws {
    var random = Seed.current.derived(42)
    var stack: [(node: UInt64, path: FilePath)] = [(try contents.top().node, "/")]
    var names = 0
    while let (node, path) = stack.popLast() {
      let entries = try contents.entries(node, at: path, withAttributes: true)
      #expect(entries.map(\.name) == entries.map(\.name).sorted())
      for entry in entries where !(path == "/" && entry.name == "lost+found") {
        names += 1
        let below = path.appending(entry.name)
        try checkStatus(entry, FilePath(tree.path + "/").appending(below), nanoseconds: nanoseconds)
        if entry.kind == .directory { stack.append((entry.node, below)) }
        if entry.kind == .file { try checkBytes(contents, entry, below, tree, &random) }
      }
    }
    let all = try Command.check("find", tree.path, "-mindepth", "1", "-printf", "x").output.count
    #expect(names == all)
    let special = try #require(try contents.lookUp("/bin/sh"))
    #expect(special.record.kind == .file)
    #expect(special.path == "/usr/bin/dash")
    #expect(try contents.lookUp("/no/such") == nil)
    #expect(try contents.smallFile("/etc/os-release", limit: 11) == Array("PRETTY_NAME".utf8))
  }

  private func checkStatus(_ entry: TreeRecord, _ path: FilePath, nanoseconds: Bool) throws {
    var raw = stat()
    let text = path.bytes.map { CChar(bitPattern: $0) } + [0]
    try #require(lstat(text, &raw) == 0)
    #expect(entry.mode == raw.st_mode, "\(path.display)")
    #expect(entry.owner == raw.st_uid)
    #expect(entry.group == raw.st_gid)
    #expect(entry.modified == Int64(raw.st_mtim.tv_sec), "\(path.display)")
    if nanoseconds { #expect(entry.modifiedNanoseconds == UInt32(raw.st_mtim.tv_nsec)) }
    if raw.st_mode & S_IFMT == S_IFCHR { #expect(entry.device == DeviceNumber(UInt64(raw.st_rdev))) }
    if entry.kind == .symbolicLink {
      var target = [CChar](repeating: 0, count: 5000)
      let length = readlink(text, &target, 5000)
      #expect(entry.linkTarget == FilePath(bytes: target.prefix(length).map { UInt8(bitPattern: $0) }))
    }
    if entry.kind == .file { #expect(entry.size == UInt64(raw.st_size)) }
  }

  private func checkBytes(
    _ contents: any TreeContents, _ entry: TreeRecord, _ path: FilePath, _ tree: PayloadTree, _ random: inout Seed
  ) throws {
    let file = try ReadOnlyFile.open(FilePath(tree.path + "/").appending(path), expecting: .regularFile)
    let whole = try FileSource(file).bytes(at: 0, count: Int(entry.size))
    let opened = try contents.open(entry.node, at: path)
    #expect(opened.size == UInt64(whole.count))
    #expect(try bytes(opened, at: 0, count: whole.count + 1) == whole, "\(path.display)")
    guard whole.count > 200 else { return }
    for _ in 0..<4 {
      let at = Int.random(in: 0..<whole.count, using: &random)
      let count = Int.random(in: 1...300_000, using: &random)
      #expect(try bytes(opened, at: at, count: count) == Array(whole[at..<min(whole.count, at + count)]))
    }
    #expect(try bytes(opened, at: whole.count + 5, count: 10).isEmpty)
  }

  private func bytes(_ file: any TreeFileContents, at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0xAA, count: count)
    let got = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: UInt64(offset)) }
    return Array(bytes.prefix(got))
  }
}
