import FilesystemReader
import Foundation
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// One tree in all its forms is one payload.
@Suite(.needsTool("mksquashfs", "mkfs.ext4", "xorriso", "setfattr")) struct PayloadMeasurementTests {
  private func measure(_ path: String, excluding: [FilePath] = []) throws -> (PayloadMeasurement, Int) {
    var names = 0
    let measurement = try PayloadMeasurement.measure(
      try IncomingPayload.open(FilePath(path)), path: FilePath(path), excluding: excluding,
      openDirectory: { path throws(StorageError) in
        throw StorageError(.unsupported, operation: "open", path: path, message: "no directory is measured here")
      },
      { directory throws(StorageError) in names += directory.entries.count })
    return (measurement, names)
  }

  private func makeTree(_ scratch: ScratchDirectory) throws -> String {
    let tree = try scratch.directory("tree")
    for folder in ["etc", "usr/bin", "usr/lib/deep/er", "proc"] { _ = try scratch.directory("tree/\(folder)") }
    try scratch.write(
      "ID=sl-micro\nVARIANT_ID=elemental\nVERSION_ID=6.1\nPRETTY_NAME=\"Elemental\"\n", to: "tree/etc/os-release")
    for number in 0..<30 { try scratch.write([UInt8](repeating: 1, count: number * 999), to: "tree/usr/bin/\(number)") }
    link("\(tree)/usr/bin/7", "\(tree)/usr/lib/deep/linked")
    symlink("../bin/7", "\(tree)/usr/lib/symbolic")
    try Command.check("setfattr", "-n", "user.origin", "-v", "build", "\(tree)/usr/bin/3")
    return tree
  }

  private func squashfs(_ tree: String, _ image: String, _ arguments: String...) throws -> String {
    try Command.check("mksquashfs", arguments: [tree, image, "-noappend", "-no-progress", "-quiet"] + arguments)
    return image
  }

  @Test("squashfs, ISO and ext image of one tree have one digest, and a change gives another")
  func allFormsOfOneTreeHaveOneDigest() throws {
    let scratch = try ScratchDirectory()
    let tree = try makeTree(scratch)
    let (gzip, names) = try measure(squashfs(tree, scratch.file("gzip"), "-comp", "gzip"))
    #expect(gzip.source.kind == .squashfs && gzip.source.treeDigest.count == 128)
    #expect(gzip.system.product == "elemental" && gzip.system.productVersion == "6.1")
    let size = try #require(gzip.source.fileBytes)
    #expect(size.bytes > 500)

    _ = try scratch.directory("iso")
    _ = try squashfs(tree, scratch.file("iso/rootfs.squashfs"), "-comp", "zstd", "-b", "1M")
    let iso = scratch.file("image.iso")
    try Command.check("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso, scratch.file("iso"))
    let image = try scratch.sparseFile("ext.img", bytes: 32 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", tree, image)
    for (path, kind) in [(iso, Payload.Source.Kind.iso), (image, .filesystemImage)] {
      let (other, count) = try measure(path)
      #expect(other.source.kind == kind)
      #expect(other.source.treeDigest == gzip.source.treeDigest, "\(kind)")
      #expect(other.system == gzip.system)
      #expect(count == names)
    }

    let (without, fewer) = try measure(scratch.file("gzip"), excluding: ["/proc"])
    #expect(without.source.treeDigest != gzip.source.treeDigest && fewer == names - 1)
    try Command.check("setfattr", "-n", "user.origin", "-v", "other", "\(tree)/usr/bin/3")
    #expect(try measure(squashfs(tree, scratch.file("other"))).0.source.treeDigest != gzip.source.treeDigest)
  }

  @Test("an empty lost+found changes no digest") func anEmptyLostAndFoundChangesNoDigest() throws {
    let scratch = try ScratchDirectory()
    let tree = try makeTree(scratch)
    let plain = try measure(squashfs(tree, scratch.file("plain"))).0.source.treeDigest
    _ = try scratch.directory("tree/lost+found")
    #expect(try measure(squashfs(tree, scratch.file("empty"))).0.source.treeDigest == plain)
    try scratch.write("found", to: "tree/lost+found/it")
    #expect(try measure(squashfs(tree, scratch.file("full"))).0.source.treeDigest != plain)
  }

  @Test("an ISO's own harvester-release.yaml counts where the tree has none")
  func anISOsOwnReleaseFileCountsWhereTheTreeHasNone() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    _ = try scratch.directory("iso")
    _ = try squashfs(scratch.file("tree"), scratch.file("iso/rootfs.squashfs"))
    try scratch.write("harvester: v1.7.1\nminUpgradableVersion: v1.6.0\n", to: "iso/harvester-release.yaml")
    let iso = scratch.file("image.iso")
    try Command.check("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", iso, scratch.file("iso"))
    let system = try measure(iso).0.system
    #expect(system.product == "harvester" && system.productVersion == "v1.7.1")
    #expect(system.minUpgradableVersion == "v1.6.0" && system.architecture == nil)
  }

  @Test("a squashfs that holds dracut's filesystem image, or no system, is refused")
  func aSquashfsThatHoldsNoTreeIsRefused() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("live/LiveOS")
    try scratch.write("x", to: "live/LiveOS/rootfs.img")
    let live = #expect(throws: StorageError.self) { try measure(squashfs(scratch.file("live"), scratch.file("a"))) }
    #expect(live?.hint?.contains("LiveOS/rootfs.img") == true)
    _ = try scratch.directory("data/photos")
    let data = #expect(throws: StorageError.self) { try measure(squashfs(scratch.file("data"), scratch.file("b"))) }
    #expect(data?.message == "it holds no system's root: it has neither etc nor usr")
  }
}
