import Foundation
import ImageIntegrity
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// An image against the payload it was made from.
@Suite(.serialized, .needsTool("mksquashfs", "mke2fs", "debugfs", "setfattr", "xorriso"))
struct PayloadEvidenceTests {
  /// 40,000 small files as a system has them, a tenth of them by default.
  static let fileCount = LongProof.count(40_000, sample: 4_000)

  @Test("a single flipped byte in one file of them all is found, whatever the payload's form")
  func findsOneFlippedByte() throws {
    let scratch = try ScratchDirectory()
    let tree = try EvidenceTree(in: scratch, files: Self.fileCount)
    let image = try tree.image("ext2", in: scratch)
    for form in ["directory", "squashfs", "iso", "ext2"] {
      try findOneFlippedByte(tree, image, try tree.payload(form, in: scratch))
    }
  }

  private func findOneFlippedByte(_ tree: EvidenceTree, _ image: String, _ payload: String) throws {
    var comparison = TreeComparison(
      image: .ext(try open(image)), payload: try .payload(FilePath(payload)), excluding: ["/proc"])
    let started = ContinuousClock.now
    let clean = try comparison.run()
    if LongProof.isWhole {
      print("compared \(clean.fileCount) files with \(payload) in \(ContinuousClock.now - started)")
    }
    #expect(clean.differences.isEmpty && clean.changedOnPurpose.isEmpty, "\(clean.differences.prefix(3))")
    #expect(clean.fileCount == Int64(tree.files.count))
    #expect(clean.integrity.state == .clean)
    #expect(clean.extraNames == 0)

    var random = Seed.current.derived(5)
    // A node writes its own name.
    for workers in [1, 2] {
      let victim = try #require(
        tree.files.filter { $0.size > 0 && $0.path != "/etc/hostname" }.randomElement(using: &random))
      let offset = UInt64.random(in: 0..<UInt64(victim.size), using: &random)
      let restore = try flip(image, victim.path, offset)
      comparison.workers = workers
      let found = try comparison.run()
      try restore()
      let difference = try #require(found.differences.first, "\(victim.path) \(Seed.current)")
      #expect(found.differences.count == 1)
      #expect(difference.path == FilePath(victim.path))
      let contents = try Self.contents(difference)
      #expect(contents.firstOffset == offset)
      #expect(contents.differingBytes == ByteCount(1))
      #expect(contents.zeroBytes == .zero)
      let integrity = found.integrity
      #expect(integrity.state == .damaged)
      #expect(integrity.files?.map(\.differs) == [["contents"]])
    }
  }

  @Test("zeros in place of contents, other sizes, lost names and lost directories are told apart")
  func tellsDamageApart() throws {
    let scratch = try ScratchDirectory()
    let tree = try EvidenceTree(in: scratch, files: 300)
    let payload = try tree.payload("squashfs", in: scratch)
    let image = try tree.image("ext4", in: scratch)
    let source = try open(image)
    let filesystem = try ExtFilesystem(source)
    // Blocks 1 and 2 of the large file, and all of another.
    let large = try #require(try filesystem.lookUp("/usr/share/large"))
    let map = try filesystem.open(inode: large, path: "large").extentMap()
    let first = try #require(map.first?.physical)
    try overwrite(image, at: first + 4096, with: [UInt8](repeating: 0, count: 8192))
    let others = tree.files.filter { file in !["/d1/", "/d2/", "/d3/"].contains { file.path.contains($0) } }
    let small = try #require(others.first { $0.size > 5000 && $0.size < 100_000 })
    let smallMap = try filesystem.open(
      inode: try #require(try filesystem.lookUp(FilePath(small.path))), path: "small"
    ).extentMap()
    for extent in smallMap {
      try overwrite(image, at: try #require(extent.physical), with: [UInt8](repeating: 0, count: Int(extent.length)))
    }
    let directory = try #require(try filesystem.lookUp("/usr/share/d3"))
    var block: UInt64?
    for line in try Command.check("debugfs", "-R", "bmap <\(directory)> 0", image).lines {
      block = block ?? UInt64(line)
    }
    try overwrite(image, at: try #require(block) * 4096, with: [UInt8](repeating: 0, count: 4096))
    try Command.check("debugfs", "-w", "-R", "rm /usr/share/d1/f1", image)
    try Command.check("debugfs", "-w", "-R", "set_inode_field /usr/share/d2/f2 size 3", image)
    try Command.check("debugfs", "-w", "-R", "write /etc/hostname /extra", image)

    let result = try TreeComparison(
      image: .ext(open(image)), payload: .payload(FilePath(payload)), excluding: ["/proc"]
    ).run()
    let found = Dictionary(uniqueKeysWithValues: result.differences.map { ($0.path, $0) })
    let lost = try Self.contents(found["/usr/share/large"])
    #expect(lost.zeroRanges == [ByteRange(start: 4096, end: 12288)])
    #expect(lost.firstOffset == 4096)
    #expect(!lost.isAllNul)
    let nul = try Self.contents(found[FilePath(small.path)])
    #expect(nul.isAllNul)
    #expect(nul.zeroBytes == ByteCount(Int64(small.size)))
    #expect(found["/usr/share/d1/f1"]?.kind == .missing)
    #expect(found["/usr/share/d2/f2"]?.kind == .size(ByteCount(3)))
    let below = tree.files.filter { $0.path.hasPrefix("/usr/share/d3/") }
    for file in below {
      let kind = try #require(found[FilePath(file.path)]?.kind)
      #expect(
        kind
          == .unreadable(
            "the directory '/usr/share/d3' cannot be read: directory block checksum does not match directory block"))
    }
    #expect(result.differences.count == 4 + below.count)
    #expect(result.extraNames == 1)
    let files = try #require(result.integrity.files)
    #expect(files.first { $0.path == FilePath(small.path) }?.allNul == true)
    #expect(files.first { $0.path == "/usr/share/large" }?.lostRanges == [[4096, 12288]])
  }

  @Test("a changed mode, owner, link target or attribute is found if asked, and only then")
  func findsChangedAttributes() throws {
    let scratch = try ScratchDirectory()
    let tree = try EvidenceTree(in: scratch, files: 200)
    let image = try tree.image("ext4", in: scratch)
    // Changed in the payload, so that the image stays as the kernel or mke2fs made it.
    try Command.check("chmod", "4711", "\(tree.root)/usr/share/d0/f0")
    try Command.check("chown", "12:70000", "\(tree.root)/usr/share/d1/f1")
    try Command.check("ln", "-sfn", "../elsewhere", "\(tree.root)/usr/share/link")
    try Command.check("setfattr", "-n", "user.origin", "-v", "changed", "\(tree.root)/usr/share/d2/f2")
    try Command.check("setfattr", "-n", "security.selinux", "-v", "label", "\(tree.root)/usr/share/d3/f3")
    for form in ["directory", "squashfs"] {
      var comparison = TreeComparison(
        image: .ext(try open(image)), payload: try .payload(FilePath(try tree.payload(form, in: scratch))),
        excluding: ["/proc"])
      #expect(try comparison.run().differences.isEmpty)
      comparison.comparesAttributes = true
      let result = try comparison.run()
      let found = result.differences.map { [$0.path.display] + ($0.file.differs ?? []) }
      #expect(
        found == [
          ["/usr/share/d0/f0", "mode"], ["/usr/share/d1/f1", "owner"], ["/usr/share/d2/f2", "xattr"],
          ["/usr/share/link", "link-target"],
        ], "\(form)")
      #expect(result.changedOnPurpose.map(\.kind) == [.attributes(["security.selinux"])])
    }
  }

  @Test("what hooks may change is told apart, unless it is zeros; another system's payload is refused")
  func tellsPurposeApart() throws {
    let scratch = try ScratchDirectory()
    let tree = try EvidenceTree(in: scratch, files: 50)
    let payload = try tree.payload("squashfs", in: scratch)
    try scratch.write("node1\n", to: "tree/etc/hostname")
    try scratch.write([UInt8](repeating: 0, count: 2000), to: "tree/etc/resolv.conf")
    try Command.check("rm", "\(tree.root)/etc/machine-id")
    let image = try tree.image("ext2", in: scratch)
    let result = try TreeComparison(image: .ext(open(image)), payload: .payload(FilePath(payload)), excluding: []).run()
    #expect(result.differences.map(\.path) == ["/etc/resolv.conf"])
    #expect(result.changedOnPurpose.map(\.path) == ["/etc/hostname", "/etc/machine-id"])
    #expect(result.changedOnPurpose.map(\.purpose) == ["it is the node's own", "it is the machine's own"])

    try scratch.write("PRETTY_NAME=\"Harvester v1.8.1\"\n", to: "tree/etc/os-release")
    let other = try tree.payload("directory", in: scratch)
    let error = #expect(throws: StorageError.self) {
      try TreeComparison(image: .ext(open(image)), payload: .payload(FilePath(other)), excluding: []).run()
    }
    #expect(error?.message == "it holds Harvester v1.8.1, and the image Harvester v1.8.0")
  }

  @Test("an image with any damage to its structures is compared to the end or refused, and never called clean for less")
  func anyDamageEnds() throws {
    let scratch = try ScratchDirectory()
    let tree = try EvidenceTree(in: scratch, files: 150)
    let payload = try ContentsOrigin.payload(FilePath(tree.payload("squashfs", in: scratch)))
    var random = Seed.current.derived(9)
    for type in ["ext2", "ext4"] {
      let image = try tree.image(type, in: scratch, name: "\(type).img")
      for _ in 0..<LongProof.count(300, sample: 25) {
        // Superblock, descriptors, bitmaps, inode table, root directory.
        let block = Int.random(in: 0..<300, using: &random)
        let before = try open(image).bytes(at: UInt64(block) * 4096, count: 4096)
        var bytes = before
        for _ in 0..<Int.random(in: 1...6, using: &random) {
          bytes[Int.random(in: 0..<4096, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if Bool.random(using: &random) { bytes = [UInt8](repeating: 0, count: 4096) }
        try overwrite(image, at: UInt64(block) * 4096, with: bytes)
        do throws(StorageError) {
          let result = try TreeComparison(
            image: .ext(FileSource(ReadOnlyFile.open(FilePath(image), expecting: .regularFile))), payload: payload,
            excluding: []
          ).run()
          #expect(result.fileCount == Int64(tree.files.count))
        } catch {
          #expect(!error.message.isEmpty)
        }
        try overwrite(image, at: UInt64(block) * 4096, with: before)
      }
    }
  }

  private static func contents(_ difference: TreeDifference?) throws -> ContentDifference {
    var found: ContentDifference?
    if case .contents(let contents) = difference?.kind { found = contents }
    return try #require(found, "\(String(describing: difference))")
  }

  private func open(_ path: String) throws -> FileSource {
    try FileSource(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
  }

  private func flip(_ image: String, _ path: String, _ offset: UInt64) throws -> () throws -> Void {
    let filesystem = try ExtFilesystem(open(image))
    let inode = try #require(try filesystem.lookUp(FilePath(path)))
    let map = try filesystem.open(inode: inode, path: FilePath(path)).extentMap()
    let extent = map[map.firstIndex(endingAfter: offset)]
    let place = try #require(extent.physical) + (offset - extent.start)
    let byte = try open(image).bytes(at: place, count: 1)
    try overwrite(image, at: place, with: [byte[0] ^ 0x10])
    return { try self.overwrite(image, at: place, with: byte) }
  }

  private func overwrite(_ image: String, at offset: UInt64, with bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: image))
    defer { try? handle.close() }
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(bytes))
  }
}
