import ExtentAnalyzer
import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// Filesystems whose structures were made to hurt: what random damage does not hit.
@Suite struct CraftedFilesystemTests {
  private func make(_ arguments: [String], type: String = "ext4", in scratch: ScratchDirectory) throws -> String {
    let recipe = ExtRecipe(type: type, arguments: ["-b", "1024"] + arguments, sizeMiB: 8)
    return try recipe.make(in: scratch)
  }

  private func poke(_ bytes: [UInt8], at offset: Int, in image: String) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: image))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data(bytes))
  }

  private func debugfs(_ commands: String..., image: String) throws {
    for command in commands { try Command.check("debugfs", "-w", "-R", command, image) }
  }

  @Test("a block count of all ones is refused") func aBlockCountOfAllOnesIsRefused() throws {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "64bit,^metadata_csum"], in: scratch)
    try poke([0xFF, 0xFF, 0xFF, 0xFF], at: 1024 + 0x4, in: image)
    try poke([0xFF, 0xFF, 0xFF, 0xFF], at: 1024 + 0x150, in: image)
    let error = #expect(throws: StorageError.self) { try openExt(image) }
    #expect(error?.code == .corrupt)
  }

  @Test("an inode table beyond the end is no range of the image") func anInodeTableBeyondTheEnd() throws {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "64bit,^metadata_csum,^uninit_bg"], in: scratch)
    // The second group's descriptor: inode table low and high.
    let descriptor = 2048 + 64
    guard try Data(contentsOf: URL(fileURLWithPath: image)).count > descriptor else { return }
    try poke([0xFF, 0xFF, 0xFF, 0xFF], at: 2048 + 0x8, in: image)
    try poke([0xFF, 0xFF, 0xFF, 0xFF], at: 2048 + 0x28, in: image)
    let inside = InnerInspection.of(try FileSource(ReadOnlyFile.open(FilePath(image), expecting: .regularFile)))
    for run in inside.idleRuns { #expect(run.end <= 8 << 20) }
  }

  @Test("a directory that holds the root directory is walked once") func aDirectoryThatHoldsTheRootIsWalkedOnce() throws
  {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "^metadata_csum"], in: scratch)
    try debugfs("mkdir a", "mkdir b", image: image)
    // Both names lead to the root again: 2^64 ways down.
    try debugfs("unlink a", "unlink b", "link <2> a", "link <2> b", image: image)
    let started = ContinuousClock.now
    let result = try Command.run(Products.headroom(), "audit", "--disk", image, timeout: .seconds(20))
    #expect(result.status == 0, "\(result.errors)")
    #expect(started.duration(to: .now) < .seconds(10))
  }

  @Test("an indirect block that points to itself is a contradiction") func anIndirectBlockThatPointsToItself() throws {
    let scratch = try ScratchDirectory()
    let image = try make([], type: "ext2", in: scratch)
    let file = scratch.file("long")
    try Data(repeating: 7, count: 600_000).write(to: URL(fileURLWithPath: file))
    try debugfs("write \(file) long", image: image)
    // The double indirect block, all of whose entries become itself.
    let shown = try Command.check("debugfs", "-R", "stat long", image).text
    let place = try #require(shown.firstRange(of: "(DIND):"))
    let block = try #require(UInt32(shown[place.upperBound...].prefix { $0.isNumber }))
    let entry = withUnsafeBytes(of: block.littleEndian) { Array($0) }
    try poke((0..<256).flatMap { _ in entry }, at: Int(block) * 1024, in: image)
    // And a triple one that is it too, with a size to match.
    try debugfs("set_inode_field long block[TIND] \(block)", "set_inode_field long size 0x3FFFFFFFF", image: image)
    let ext = try openExt(image)
    let inode = try #require(try ext.lookUp("/long"))
    let error = #expect(throws: StorageError.self) { _ = try ext.open(inode: inode, path: "long").extentMap() }
    #expect(error?.code == .corrupt)
  }

  @Test("a directory whose map points to itself costs no more than the filesystem has blocks")
  func aDirectoryWhoseMapPointsToItself() throws {
    let scratch = try ScratchDirectory()
    let image = try make([], type: "ext2", in: scratch)
    let file = scratch.file("long")
    try Data(repeating: 7, count: 600_000).write(to: URL(fileURLWithPath: file))
    try debugfs("mkdir endless", "write \(file) long", image: image)
    let shown = try Command.check("debugfs", "-R", "stat long", image).text
    let place = try #require(shown.firstRange(of: "(DIND):"))
    let block = try #require(UInt32(shown[place.upperBound...].prefix { $0.isNumber }))
    let entry = withUnsafeBytes(of: block.littleEndian) { Array($0) }
    try poke((0..<256).flatMap { _ in entry }, at: Int(block) * 1024, in: image)
    try debugfs("set_inode_field endless block[TIND] \(block)", "set_inode_field endless size 0x3FFFFFFF", image: image)
    let ext = try openExt(image)
    let inode = try #require(try ext.lookUp("/endless"))
    let start = ContinuousClock.now
    let error = #expect(throws: StorageError.self) { _ = try ext.survivingNames(ofDirectory: inode, path: "endless") }
    #expect(error?.code == .corrupt && error?.message == "it claims more blocks than the filesystem has")
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test("an inode that claims more blocks than there are takes no more than all") func anInodeThatClaimsTooMuch() throws
  {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "huge_file,^metadata_csum"], in: scratch)
    try debugfs(
      "set_inode_field file7 flags 0xC0000", "set_inode_field file7 blocks 0xFFFFFFFF",
      "set_inode_field file7 blocks_hi 0xFFFF",
      image: image)
    let ext = try openExt(image)
    let inode = try #require(try ext.lookUp("/file7"))
    #expect(try ext.status(of: inode).allocated <= 8 << 20)
  }

  @Test("inline data that claims to be large is a contradiction") func inlineDataThatClaimsToBeLarge() throws {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "inline_data,^metadata_csum", "-I", "256"], in: scratch)
    _ = try scratch.write("hello", to: "small")
    try debugfs("write \(scratch.file("small")) small", "set_inode_field small size 0x80000000000000", image: image)
    let ext = try openExt(image)
    let inode = try #require(try ext.lookUp("/small"))
    let error = #expect(throws: StorageError.self) { _ = try ext.open(inode: inode, path: "small").extentMap() }
    #expect(error?.code == .corrupt)
  }

  @Test("a file that is longer than its inline data ends in a hole") func aFileThatIsLongerThanItsInlineData() throws {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "inline_data,^metadata_csum", "-I", "256"], in: scratch)
    _ = try scratch.write("hello", to: "small")
    try debugfs("write \(scratch.file("small")) small", "set_inode_field small size 65536", image: image)
    let ext = try openExt(image)
    let file = try ext.open(inode: try #require(try ext.lookUp("/small")), path: "small")
    // As FIEMAP has it: the part of the inode that holds data, however much of that was written.
    #expect(Array(try file.extentMap()) == [Extent(start: 0, length: 60, physical: nil, flags: .inline)])
    var bytes = [UInt8](repeating: 1, count: 65536)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    #expect(count == 65536 && bytes == Array("hello".utf8) + [UInt8](repeating: 0, count: 65531))
  }

  @Test("an image whose inode cannot be read is a finding, not a gap") func anImageWhoseInodeCannotBeRead() throws {
    let scratch = try ScratchDirectory()
    let image = try make(["-O", "^metadata_csum", "-L", "COS_STATE"], in: scratch)
    try debugfs("mkdir cOS", "write \(scratch.file("tree/file9")) cOS/active.img", image: image)
    // The directory entry keeps the name and leads to an inode beyond the last.
    let name = Array("active.img".utf8)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: image)))
    let place = try #require(
      bytes.indices.first { index in
        index + name.count < bytes.count && bytes[index] == name[0]
          && bytes[index..<index + name.count].elementsEqual(name)
      })
    try poke([0xFF, 0xFF, 0xFF, 0x7F], at: place - 8, in: image)
    let report = try Headroomless.audit(image)
    #expect(report.contains("image-unreadable COS_STATE:cOS/active.img"))
    #expect(report.contains(": UNKNOWN: "))
  }

  private enum Headroomless {
    static func audit(_ disk: String) throws -> String {
      try Command.run(Products.headroom(), "audit", "--disk", disk, environment: ["LC_ALL": "C"]).text
    }
  }
}
