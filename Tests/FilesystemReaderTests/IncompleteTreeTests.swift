import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// A tree that is known in part is an error, and never a smaller tree.
@Suite(.needsTool("mkfs.ext4", "debugfs")) struct IncompleteTreeTests {
  /// An ext4 of 16 MiB made from a tree that a shell script makes.
  private func ext4(_ script: String, in scratch: ScratchDirectory, _ arguments: [String] = []) throws -> String {
    let tree = try scratch.directory("tree")
    try Command.check("bash", "-ec", script, directory: tree)
    let image = try scratch.sparseFile("made.img", bytes: 16 << 20)
    try Command.check(
      "mkfs.ext4", arguments: ["-q", "-F", "-b", "1024", "-O", "^metadata_csum", "-d", tree] + arguments + [image])
    return image
  }

  @Test("A directory of more names than can be is no shorter one")
  func tooManyNames() throws {
    let scratch = try ScratchDirectory()
    let ext = try openExt(ext4("for i in $(seq 40); do : > f$i; done", in: scratch))
    // lost+found is one more.
    #expect(try ext.names(ofDirectory: 2, path: "/", limit: 41).count == 41)
    let error = #expect(throws: StorageError.self) { try ext.names(ofDirectory: 2, path: "/", limit: 40) }
    #expect(error?.code == .corrupt)
    #expect(error?.message == "it holds more than 40 names")
  }

  @Test("A name that no file can have is an error of the tree, and a failure of a search that goes on")
  func impossibleName() throws {
    let scratch = try ScratchDirectory()
    let image = try ext4("echo x > unlikely-name; echo y > other", in: scratch)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: image))
    let place = try #require(bytes.range(of: Data("unlikely-name".utf8)))
    bytes.replaceSubrange(place, with: Data("unlikely/name".utf8))
    let ext = try ExtFilesystem(MemorySource(Array(bytes)))
    #expect(throws: StorageError.self) { try ExtRootTree(ext).walk(excluding: []) { _ in } }
    var failures: [StorageError] = []
    let names = try ext.entries(ofDirectory: 2, path: "") { failures.append($0) }.map(\.path)
    #expect(names == ["lost+found", "other"])
    #expect(failures.map(\.message) == ["it holds a name that no file can have"])
  }

  @Test("Paths that are too long together are an error", .needsRootAndLoop, .needsTool("python3"))
  func pathsTooLongTogether() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem(
      "ext4", in: scratch, sizeMiB: 48, mkfsArguments: ["-b", "1024", "-N", "12000"])
    // 9000 directories, each some 30 KiB deep: more than 256 MiB of paths in a filesystem of a few.
    let script = """
      import os
      os.chdir(os.sys.argv[1])
      for level in range(120):
        os.mkdir('d' * 255)
        os.chdir('d' * 255)
      for number in range(9000):
        os.mkdir(str(number))
      """
    try LoopMount.with(image: image) { mountpoint, _ in _ = try Command.check("python3", "-c", script, mountpoint) }
    let tree = ExtRootTree(try openExt(image))
    let error = #expect(throws: StorageError.self) { try tree.walk(excluding: []) { _ in } }
    #expect(error?.code == .corrupt)
  }

  // MARK: Symbolic links

  @Test("A short link with an attribute block is read from its inode", arguments: ["128", "256"])
  func linkWithAttributes(inodeSize: String) throws {
    let scratch = try ScratchDirectory()
    let image = try ext4(
      "mkdir -p etc usr/lib; echo ID=x > usr/lib/os-release; ln -s ../usr/lib/os-release etc/os-release", in: scratch,
      ["-I", inodeSize])
    try Command.check(
      "debugfs", "-w", "-R", "ea_set /etc/os-release trusted.a \(String(repeating: "v", count: 400))", image)
    let tree = ExtRootTree(try openExt(image))
    #expect(try tree.smallFile("/etc/os-release", limit: 100) == Array("ID=x\n".utf8))
  }

  @Test("A link that cannot be read is an error, and one that lies in the inode as data is read", .needsRootAndLoop)
  func longLinks() throws {
    let scratch = try ScratchDirectory()
    let image = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 16, mkfsArguments: ["-O", "inline_data"])
    let targets = [40, 80, 100, 600].map { String(repeating: "a", count: $0) }
    try LoopMount.with(image: image) { mountpoint, _ in
      for (number, target) in targets.enumerated() {
        try Command.check("ln", "-s", target, "\(mountpoint)/link\(number)")
      }
    }
    let source = FickleSource(try Array(Data(contentsOf: URL(fileURLWithPath: image))))
    let ext = try ExtFilesystem(source)
    let links = try ext.entries(ofDirectory: 2, path: "").filter { $0.status.kind == .symbolicLink }
    #expect(try links.map { try ext.linkTarget(of: $0.inode)?.utf8 } == targets)
    let long = try #require(links.last)
    source.mood = .failing
    #expect(throws: StorageError.self) { try ext.linkTarget(of: long.inode) }
  }

  // MARK: Which error it was

  @Test("A read error is not blamed for what is found corrupt afterwards, in an ext filesystem")
  func laterCorruptionOfExt() throws {
    let scratch = try ScratchDirectory()
    let image = try ext4("echo x > file", in: scratch)
    let source = FickleSource(try Array(Data(contentsOf: URL(fileURLWithPath: image))))
    let ext = try ExtFilesystem(source)
    source.mood = .failing
    #expect(#expect(throws: StorageError.self) { try ext.status(of: 12) }?.code == .io)
    source.mood = .faithful
    #expect(#expect(throws: StorageError.self) { try ext.status(of: .max) }?.code == .corrupt)
  }

  @Test("The same in a squashfs", .needsTool("mksquashfs"))
  func laterCorruptionOfSquashfs() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("tree")
    try scratch.write("x", to: "tree/file")
    let file = try squashfs(root, in: scratch)
    let source = FickleSource(try Array(Data(contentsOf: URL(fileURLWithPath: file))))
    let image = try SquashfsImage(source)
    let place = SquashfsInode.Reference(raw: image.superblock.root_inode_ref)
    source.mood = .failing
    #expect(#expect(throws: StorageError.self) { try SquashfsInodeTable(image).inode(at: place) }?.code == .io)
    source.mood = .garbled
    #expect(#expect(throws: StorageError.self) { try SquashfsInodeTable(image).inode(at: place) }?.code == .corrupt)
  }
}
