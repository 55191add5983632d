import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

@Suite struct DirectoryRootTreeTests {
  private func walk(_ path: String, excluding: [FilePath] = []) throws -> [FilePath: RootTreeDirectory] {
    var found: [FilePath: RootTreeDirectory] = [:]
    try DirectoryRootTree(FilePath(path)).walk(excluding: excluding) { found[$0.path] = $0 }
    return found
  }

  @Test("Kinds, sizes and links are as lstat has them, and names are bytes")
  func entries() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    try Command.check(
      "bash", "-c", "echo hello > f; ln f g; ln -s nowhere l; mkfifo p; mkdir d; : > $'bad\\xff'; ln -s / d/up",
      directory: root)
    let found = try walk(root)
    #expect(Set(found.keys) == ["/", "/d"])
    let entries = Dictionary(uniqueKeysWithValues: try #require(found["/"]).entries.map { ($0.name, $0) })
    #expect(entries["f"]?.kind == .file && entries["f"]?.size == 6 && entries["f"]?.links == 2)
    #expect(entries["f"]?.inode == entries["g"]?.inode)
    #expect(entries["l"]?.kind == .symbolicLink && entries["l"]?.size == 7)
    #expect(entries["p"]?.kind == .special && entries["p"]?.size == 0)
    #expect(entries["d"]?.kind == .directory && entries["d"]?.size == 0)
    #expect(entries[FilePath(bytes: Array("bad".utf8) + [0xff])] != nil)
    #expect(found["/d"]?.entries.map(\.kind) == [.symbolicLink])
  }

  @Test("Excluded paths are neither named nor entered, and only where they are anchored")
  func excludes() throws {
    let scratch = try ScratchDirectory()
    for name in ["root/proc/1", "root/usr/proc", "root/usr/local/x"] { _ = try scratch.directory(name) }
    let found = try walk(scratch.file("root"), excluding: ["/proc", "/usr/local"])
    #expect(Set(found.keys) == ["/", "/usr", "/usr/proc"])
    #expect(found["/"]?.entries.map(\.name) == ["usr"])
  }

  @Test("Attributes and ACLs are read", .needsRoot, .needsTool("setfattr", "setfacl"))
  func attributes() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    try Command.check(
      "bash", "-ec",
      "mkdir d; : > f; ln -s f l; setfattr -n user.a -v one f; setfattr -n user.e f; setfattr -h -n trusted.l -v 2 l; setfacl -m u:5:r f; setfacl -d -m u:5:rx d",
      directory: root)
    let found = try walk(root)
    let entries = Dictionary(uniqueKeysWithValues: try #require(found["/"]).entries.map { ($0.name, $0.attributes) })
    #expect(Set(entries["f"]?.map(\.name) ?? []) == ["user.a", "user.e", "system.posix_acl_access"])
    #expect(entries["f"]?.first { $0.name == "user.a" }?.value == Array("one".utf8))
    #expect(entries["f"]?.first { $0.name == "user.e" }?.value == [])
    #expect(entries["f"]?.first { $0.name == "system.posix_acl_access" }?.value.count == 4 + 5 * 8)
    #expect(entries["l"]?.map(\.name) == ["trusted.l"])
    #expect(found["/d"]?.attributes.map(\.name) == ["system.posix_acl_default"])
  }

  @Test("A tree far deeper than a path can be long is walked with few descriptors", .needsTool("python3"))
  func deep() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    let script = """
      import os
      os.chdir('\(root)')
      for level in range(400):
        for side in ('a' * 200, 'b'):
          os.mkdir(side)
        os.chdir('a' * 200)
      """
    try Command.check("python3", "-c", script)
    let found = try walk(root)
    #expect(found.count == 1 + 2 * 400)
    try Command.check("rm", "-rf", root)
  }

  @Test("The kernel's own filesystems are never entered, other mounts are", .needsRootAndLoop)
  func mounts() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    for (type, name) in [("proc", "proc"), ("sysfs", "sys"), ("devtmpfs", "dev"), ("tmpfs", "data")] {
      try Command.check("mount", "-t", type, type, try scratch.directory("root/\(name)"))
    }
    defer { for name in ["proc", "sys", "dev", "data"] { _ = try? Command.run("umount", "-l", "\(root)/\(name)") } }
    _ = try scratch.directory("root/data/inside")
    let found = try walk(root)
    #expect(Set(found.keys) == ["/", "/proc", "/sys", "/dev", "/data", "/data/inside"])
    for name: FilePath in ["/proc", "/sys", "/dev"] { #expect(found[name]?.entries == []) }
  }

  @Test("A small file is found through links that stay within the tree")
  func smallFiles() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    try scratch.write("outside", to: "secret")
    try Command.check(
      "bash", "-ec",
      "mkdir -p usr/lib etc; echo ID=x > usr/lib/os-release; ln -s ../usr/lib/os-release etc/os-release; ln -s /usr/lib etc/lib; ln -s /etc/lib/os-release abs; ln -s ../../../secret up; ln -s loop loop; mkfifo pipe",
      directory: root)
    let tree = try DirectoryRootTree(FilePath(root))
    for path: FilePath in [
      "/usr/lib/os-release", "/etc/os-release", "abs", "/etc/lib/../lib/os-release", "/../usr/lib/os-release",
    ] {
      #expect(try tree.smallFile(path, limit: 100) == Array("ID=x\n".utf8), "\(path.display)")
    }
    #expect(try tree.smallFile("/usr/lib/os-release", limit: 2) == Array("ID".utf8))
    for path: FilePath in ["/up", "/loop", "/pipe", "/etc", "/none", "/usr/lib/os-release/x", "/"] {
      #expect(try tree.smallFile(path, limit: 100) == nil, "\(path.display)")
    }
  }

  @Test("Names of attributes are bytes too, the same in every form", .needsTool("setfattr", "mksquashfs", "mkfs.ext4"))
  func attributeNames() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    try Command.check("bash", "-ec", "mkdir etc; : > f; setfattr -n $'user.\\xff' -v one f", directory: root)
    let found = try TreeListing(DirectoryRootTree(FilePath(root)))
    #expect(
      found.entries["/f"]?.attributes
        == [ExtendedAttribute(name: "user." + RawArgument.text(of: [0xFF]), value: Array("one".utf8))])
    #expect(try TreeListing(SquashfsRootTree(source(squashfs(root, in: scratch)))) == found)
    let image = try scratch.sparseFile("made.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", root, image)
    #expect(try TreeListing(ExtRootTree(openExt(image))).entries["/f"] == found.entries["/f"])
  }

  @Test("A path that leads to no directory is an error")
  func noDirectory() throws {
    let scratch = try ScratchDirectory()
    let root = try scratch.directory("root")
    #expect(throws: StorageError.self) { try DirectoryRootTree(FilePath(root + "/none")) }
    try scratch.write("x", to: "root/file")
    #expect(throws: StorageError.self) { try DirectoryRootTree(FilePath(root + "/file")) }
  }
}
