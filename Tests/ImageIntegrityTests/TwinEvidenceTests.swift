import Foundation
import ImageIntegrity
import LinuxStorage
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// Two images of one version, one of them damaged or dug.
@Suite(.needsTool("mke2fs", "debugfs", "fallocate", "cp")) struct TwinEvidenceTests {
  /// Blocks of ``zeros`` that hold zeros which were written.
  fileprivate static let zeros: FilePath = "/usr/share/d1/f1"

  /// An active and its byte-by-byte passive, in which two blocks of a file are written zeros.
  private struct Pair {
    let scratch: ScratchDirectory
    let tree: EvidenceTree
    let active: String
    let passive: String

    init() throws {
      scratch = try ScratchDirectory()
      tree = try EvidenceTree(in: scratch, files: 400)
      try scratch.write([UInt8](repeating: 7, count: 20_000), to: "tree\(TwinEvidenceTests.zeros.display)")
      active = try tree.image("ext2", in: scratch)
      passive = scratch.file("passive.img")
      for range in try place(TwinEvidenceTests.zeros, ByteRange(start: 4096, end: 12288)) {
        try overwrite(active, range, punch: false)
      }
      try Command.check("cp", "--sparse=never", active, passive)
    }

    /// Where a part of a file lies in the image.
    func place(_ path: FilePath, _ part: ByteRange) throws -> [ByteRange] {
      let filesystem = try ExtFilesystem(open(active))
      let inode = try #require(try filesystem.lookUp(path))
      return try filesystem.open(inode: inode, path: path).extentMap().compactMap { extent in
        extent.clipped(to: part).flatMap { part in part.physical.map { ByteRange(start: $0, length: part.length) } }
      }
    }

    func overwrite(_ image: String, _ range: ByteRange, punch: Bool) throws {
      if punch {
        try Command.check("fallocate", "-p", "-o", "\(range.start)", "-l", "\(range.length)", image)
      } else {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: image))
        defer { try? handle.close() }
        try handle.seek(toOffset: range.start)
        try handle.write(contentsOf: Data(count: Int(range.length)))
      }
    }

    func open(_ path: String) throws -> FileSource {
      try FileSource(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
    }

    /// By SEEK_HOLE.
    func holes(_ path: String) throws -> [ByteRange] {
      let file = try ReadOnlyFile.open(FilePath(path), expecting: .regularFile)
      let end = Int(try file.status().size)
      var holes: [ByteRange] = []
      var at = 0
      while at < end {
        let hole = lseek(file.descriptor, at, 4)
        guard hole >= 0, hole < end else { break }
        let data = lseek(file.descriptor, hole, 3)
        at = data < 0 ? end : data
        holes.append(ByteRange(start: UInt64(hole), end: UInt64(at)))
      }
      return holes
    }

    func comparison(of image: String, with twin: String) throws -> TwinComparison {
      try TwinComparison(image: open(image), twin: open(twin), twinHoles: holes(twin))
    }
  }

  @Test("data in the twin says lost, written zeros say real, holes say nothing")
  func answersFromContents() throws {
    let pair = try Pair()
    let large: FilePath = "/usr/share/large"
    let lost = ByteRange(start: 8192, end: 16384)
    for range in try pair.place(large, lost) { try pair.overwrite(pair.active, range, punch: true) }
    let zeros = ByteRange(start: 4096, end: 12288)
    for range in try pair.place(Self.zeros, zeros) { try pair.overwrite(pair.active, range, punch: true) }
    let questions = [
      TwinQuestion(path: large, zeroRanges: [lost]), TwinQuestion(path: Self.zeros, zeroRanges: [zeros]),
      TwinQuestion(path: "/no/such/file", zeroRanges: [lost]),
      TwinQuestion(path: large, zeroRanges: [ByteRange(start: 4096, end: 12288)]),
      TwinQuestion(path: large, zeroRanges: [ByteRange(start: 1 << 40, end: 1 << 41)]),
    ]
    let answers = try pair.comparison(of: pair.active, with: pair.passive).answers(questions)
    #expect(
      answers == [
        .lost([lost]), .zerosAreReal, .undecided("the image has no such file"),
        .lost([ByteRange(start: 4096, end: 12288)]), .undecided("nothing was asked of it"),
      ])
    // A twin that was dug itself.
    try Command.check("fallocate", "-d", pair.passive)
    let dug = try pair.comparison(of: pair.active, with: pair.passive).answers(questions)
    #expect(dug[0] == .lost([lost]))
    #expect(dug[1] == .undecided("the twin has a hole there itself"))
  }

  @Test("a file of another size or time is no witness")
  func otherFileIsNoWitness() throws {
    let pair = try Pair()
    let question = [TwinQuestion(path: "/usr/share/large", zeroRanges: [ByteRange(start: 0, end: 4096)])]
    try Command.check("debugfs", "-w", "-R", "set_inode_field /usr/share/large mtime 20200101", pair.passive)
    let other = TwinAnswer.undecided("the twin's file is of another size or time")
    #expect(try pair.comparison(of: pair.active, with: pair.passive).answers(question) == [other])
  }

  @Test("names are compared without reading data: equal, and what is missing or of another size")
  func comparesNames() throws {
    let pair = try Pair()
    let same = try pair.comparison(of: pair.active, with: pair.passive).metadata()
    #expect(same.isSameVersion && !same.differs)
    #expect(same.osRelease == .equal)
    #expect(same.inBoth == Int64(pair.tree.files.count) && same.equal == same.inBoth)

    try Command.check("debugfs", "-w", "-R", "rm /usr/share/d2/f2", pair.active)
    try Command.check("debugfs", "-w", "-R", "rm /usr/share/d3/f3", pair.passive)
    try Command.check("debugfs", "-w", "-R", "set_inode_field /usr/share/d4/f4 size 3", pair.active)
    // A directory's block and an os-release that are lost.
    for range in try pair.place("/etc/os-release", ByteRange(start: 0, end: 4096)) {
      try pair.overwrite(pair.active, range, punch: true)
    }
    let block = try #require(
      UInt64(try Command.check("debugfs", "-R", "bmap /usr/share/d5 0", pair.active).lines.last ?? ""))
    try pair.overwrite(pair.active, ByteRange(start: block * 4096, length: 4096), punch: true)
    let below = pair.tree.files.filter { $0.path.hasPrefix("/usr/share/d5/") }.count
    let other = try pair.comparison(of: pair.active, with: pair.passive).metadata()
    #expect(other.osRelease == .unknown)
    #expect(other.isSameVersion && other.differs)
    #expect(other.onlyInImage == ["/usr/share/d3/f3"])
    #expect(other.sizeDiffers == ["/usr/share/d4/f4"])
    #expect(other.onlyInTwin.contains("/usr/share/d2/f2"))
    #expect(other.onlyInTwinCount == Int64(1 + below))
  }

  @Test("another version is no twin, whatever its files")
  func otherVersionIsNoTwin() throws {
    let pair = try Pair()
    try pair.scratch.write("PRETTY_NAME=\"Harvester v1.8.1\"\n", to: "tree/etc/os-release")
    let newer = try pair.tree.image("ext2", in: pair.scratch, name: "newer.img")
    let metadata = try pair.comparison(of: pair.active, with: newer).metadata()
    #expect(metadata.osRelease == .different)
    #expect(!metadata.isSameVersion && !metadata.differs)
  }

  @Test(
    "the decision counts what was seen",
    arguments: [
      ([TwinPiece.Content.data, .hole], true, false), ([.writtenZeros, .hole], false, false),
      ([.writtenZeros, .writtenZeros], false, true), ([.hole], false, false), ([.data], true, false),
    ])
  func decides(contents: [TwinPiece.Content], isLost: Bool, isReal: Bool) {
    let pieces = contents.enumerated().map {
      TwinPiece(range: ByteRange(start: UInt64($0.offset) * 10, length: 5), content: $0.element)
    }
    let answer = TwinAnswer(pieces)
    #expect((answer == .zerosAreReal) == isReal)
    if case .lost(let ranges) = answer {
      #expect(isLost)
      #expect(ranges == pieces.filter { $0.content == .data }.map(\.range))
    } else {
      #expect(!isLost)
    }
  }
}
