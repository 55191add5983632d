import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// ISO images by xorriso and genisoimage, with and without their extensions, against what was put in.
@Suite(.needsTool("xorriso", "genisoimage", "mksquashfs", "mkfs.ext4", "setfacl", "setfattr", "setcap"))
struct ISOTests {
  static let writers: [[String]] = [
    ["xorriso", "-as", "mkisofs", "-quiet", "-R", "-J"], ["xorriso", "-as", "mkisofs", "-quiet", "-R"],
    ["genisoimage", "-quiet", "-R", "-J", "-joliet-long"], ["genisoimage", "-quiet", "-J"],
    ["genisoimage", "-quiet", "-l", "-iso-level", "3"],
  ]

  private func make(_ writer: [String], of directory: String, in scratch: ScratchDirectory) throws -> String {
    let image = scratch.file("image.iso")
    try Command.check(writer[0], arguments: Array(writer.dropFirst()) + ["-o", image, directory])
    return image
  }

  @Test("the squashfs in an ISO is read in place, and is the same tree", arguments: writers)
  func theSquashfsInAnISOIsReadInPlace(_ writer: [String]) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, seed: Seed.current.derived(20))
    let content = try scratch.directory("content")
    _ = try scratch.directory("content/boot/grub2")
    try scratch.write([UInt8](repeating: 1, count: 3 << 20), to: "content/boot/larger.bin")
    try scratch.write("menu\n", to: "content/boot/grub2/grub.cfg")
    try scratch.write(
      "harvester: v1.8.0\nminUpgradableVersion: v1.6.0\n", to: "content/harvester-release.yaml")
    _ = try squashfs(tree.path, in: scratch, name: "content/rootfs.squashfs", ["-comp", "xz", "-b", "1M"])
    let iso = try ISOImage(source(make(writer, of: content, in: scratch)))
    #expect(iso.files.count == 4)
    // The standard alone knows no hyphens in names.
    let isPlain = !writer.contains("-R") && !writer.contains("-J")
    let names = ["boot/larger.bin", "boot/grub2/grub.cfg", "rootfs.squashfs"]
    for name in names + (isPlain ? [] : ["harvester-release.yaml"]) {
      let file = try #require(iso.file(name), "\(writer): \(iso.files.map(\.path.display))")
      let whole = try Array(Data(contentsOf: URL(fileURLWithPath: scratch.file("content/\(name)"))))
      let found = try iso.open(file).bytes(at: 0, count: whole.count + 1)
      #expect(found == whole)
    }
    let root = try iso.rootFilesystem()
    #expect(root.path.lastComponent == "rootfs.squashfs")
    let found = try TreeListing(SquashfsRootTree(root))
    #expect(try found == TreeListing(directory: tree.path).withoutACLs)
    #expect(try iso.smallFile("boot/grub2/grub.cfg", limit: 3) == Array("men".utf8))
    #expect(try iso.smallFile("boot/grub2", limit: 3) == nil)
  }

  @Test(
    "the root filesystem is found by its usual places, by name, and by content",
    arguments: [
      ("rootfs.squashfs", ["other.squashfs"]), ("LiveOS/squashfs.img", ["small.squashfs"]),
      ("deep/in/it/system.squashfs", ["image.bin"]), ("no-name-at-all", ["readme"]),
    ])
  func theRootFilesystemIsFound(_ place: String, _ others: [String]) throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    let folder = place.split(separator: "/").dropLast().joined(separator: "/")
    _ = try scratch.directory("content/\(folder)")
    try scratch.write([UInt8](repeating: 3, count: 1 << 20), to: "content/image.bin")
    for name in others where name.hasSuffix("squashfs") {
      _ = try squashfs(scratch.file("tree"), in: scratch, name: "content/\(name)")
    }
    _ = try squashfs(scratch.file("tree"), in: scratch, name: "content/\(place)")
    let iso = try ISOImage(source(make(Self.writers[0], of: scratch.file("content"), in: scratch)))
    #expect(try iso.rootFilesystem().path.hasSuffix("image.iso/\(place)"))
  }

  @Test("an ext image in an ISO is found too") func anExtImageInAnISOIsFoundToo() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    _ = try scratch.directory("content")
    let image = try scratch.sparseFile("content/system.img", bytes: 8 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", scratch.file("tree"), image)
    let path = try make(Self.writers[0], of: scratch.file("content"), in: scratch)
    guard case .iso(_, .ext(let tree)) = try IncomingPayload.open(FilePath(path)) else {
      Issue.record("no ext filesystem was found")
      return
    }
    #expect(try TreeListing(tree).entries.keys.sorted() == ["/", "/etc"])
  }

  @Test("an ISO without a root filesystem is an error that says what was looked for")
  func anISOWithoutARootFilesystemIsAnError() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("content")
    try scratch.write([UInt8](repeating: 3, count: 1 << 20), to: "content/image.bin")
    let path = try make(Self.writers[1], of: scratch.file("content"), in: scratch)
    let error = #expect(throws: StorageError.self) { try IncomingPayload.open(FilePath(path)) }
    #expect(error?.code == .notFound)
    #expect(error?.message.contains("rootfs.squashfs, LiveOS/squashfs.img") == true)
    #expect(error?.hint != nil)
  }

  @Test("a file above 4 GiB is one piece, by all of its records", .needsTool("truncate"))
  func aFileAbove4GiBIsOnePiece() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("content")
    try scratch.write("first", to: "content/a")
    _ = try scratch.sparseFile("content/large.img", bytes: 5 << 30)
    // xorriso tells the layout without the data being written anywhere.
    let head = scratch.file("head")
    let command =
      "xorriso -as mkisofs -quiet -R -iso-level 3 \(scratch.file("content")) 2> \(scratch.file("log")) | head -c 2000000 > \(head)"
    _ = try Command.run("sh", "-c", command)
    let iso = try ISOImage(source(head))
    let file = try #require(iso.file("large.img"))
    #expect(file.range.length == 5 << 30)
    let error = #expect(throws: StorageError.self) { try iso.open(file) }
    #expect(error?.code == .truncated)
  }

  @Test("damaged and cut-off images are an error or a sane answer") func damagedImagesAreAnErrorOrASaneAnswer() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    _ = try scratch.directory("content/LiveOS/deeper")
    for number in 0..<60 { try scratch.write("x", to: "content/LiveOS/deeper/file-\(number)") }
    _ = try squashfs(scratch.file("tree"), in: scratch, name: "content/LiveOS/squashfs.img")
    let good = try Array(
      Data(contentsOf: URL(fileURLWithPath: make(Self.writers[0], of: scratch.file("content"), in: scratch))))
    var random = Seed.current.derived(21)
    var found = 0
    for _ in 0..<LongProof.count(20_000, sample: 60) {
      var bad = good
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        // The descriptors, and the directories behind them.
        let place = Bool.random(using: &random) ? 32_768..<36_864 : 36_864..<min(bad.count, 200_000)
        bad[Int.random(in: place, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Int.random(in: 0..<4, using: &random) == 0 { bad.removeLast(Int.random(in: 0..<bad.count, using: &random)) }
      do throws(StorageError) {
        let iso = try ISOImage(MemorySource(bad))
        let root = try iso.rootFilesystem()
        #expect(root.range.end <= UInt64(bad.count))
        found += 1
      } catch { continue }
    }
    #expect(found > 0, "\(Seed.current)")
  }
}
