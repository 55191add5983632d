import SpaceModel
import TestSupport
import Testing

@testable import LinuxStorage

/// Files in so many extents that they are asked about in several places at once, against filefrag(8), which asks from start
/// to end.
@Suite(.needsRootAndLoop, .needsTool("filefrag", "fallocate", "perl", "mkfs.ext4", "mkfs.ext2", "mkfs.xfs"))
struct FragmentedFileTests {
  struct Recipe: Sendable, CustomStringConvertible {
    var type: String
    var arguments: [String]
    var block: Int
    var description: String { "\(type) \(arguments.joined(separator: " "))" }

    static let all = [
      Recipe(type: "ext4", arguments: ["-b", "1024"], block: 1024),
      Recipe(type: "ext4", arguments: ["-b", "4096"], block: 4096),
      Recipe(type: "ext2", arguments: ["-b", "1024"], block: 1024),
      Recipe(type: "xfs", arguments: [], block: 4096),
    ]
  }

  @Test(
    "dense and sparse parts, preallocation and what lies past the end come once and in order", arguments: Recipe.all)
  func isWhatFilefragSays(recipe: Recipe) throws {
    var random = Seed.current.derived(Recipe.all.firstIndex { $0.description == recipe.description } ?? 0)
    try LoopMount.withFilesystem(recipe.type, sizeMiB: 640, mkfsArguments: recipe.arguments) { mountpoint, _ in
      let path = "\(mountpoint)/fragmented.img"
      var end = 0
      var pieces: [String] = []
      // Runs and holes of growing length: what a window is thought to hold is too little, then too much, then too little.
      for (count, reach) in [(7000, 1), (3000, 6), (40, 20_000), (9000, 2)] {
        for _ in 0..<count {
          let length = Int.random(in: 1...min(reach, 6), using: &random)
          pieces.append("\(end * recipe.block) \(length * recipe.block)")
          end += length + Int.random(in: 1...reach, using: &random)
        }
      }
      try Command.check(
        "perl", "-e",
        """
        open(F, '>', shift) or die; binmode F;
        while (<STDIN>) { my ($at, $length) = split; sysseek(F, $at, 0); syswrite(F, 'x' x $length) == $length or die; }
        """, path, input: Array(pieces.joined(separator: "\n").utf8))
      if recipe.type != "ext2" {
        for _ in 0..<20 {
          let at = Int.random(in: 0..<end, using: &random) * recipe.block
          try Command.check("fallocate", "-o", "\(at)", "-l", "\(50 * recipe.block)", path)
        }
        try Command.check(
          "fallocate", "--keep-size", "-o", "\((end + 100) * recipe.block)", "-l", "\(200 * recipe.block)", path)
      }
      try Command.check("sync", "-f", mountpoint)
      let live = try LiveFile(ReadOnlyFile.open(FilePath(path), expecting: .regularFile))
      let map = try live.extentMap()
      #expect(map.count > 2 * 4096)
      var passed: [Extent] = []
      #expect(
        try live.passExtents {
          passed.append($0); return true
        } == .fiemap)
      #expect(try answer(live, mayDivide: true) == answer(live, mayDivide: false))
      let expected = try filefrag(path, of: live.size)
      #expect(Array(map) == Array(expected), "seed \(Seed.current)")
      let joined = try ExtentMap(apparentSize: live.size, source: .fiemap, extents: passed)
      #expect(Array(joined) == Array(expected), "seed \(Seed.current)")
      // It ends where it is told to, in windows too.
      for limit in [1, 5000, 9000] {
        var count = 0
        _ = try live.passExtents { _ in
          count += 1
          return count < limit
        }
        #expect(count == limit)
      }
    }
  }

  /// All extents, joined; and it must have come to windows where it may.
  private func answer(_ live: LiveFile, mayDivide: Bool) throws -> [Extent] {
    var reader = FiemapReader(live.file, size: live.size, mayDivide: mayDivide)
    var map = ExtentMap(apparentSize: live.size, source: .fiemap)
    #expect(try reader.pass(besideInlineData: { nil }) { (try? map.append($0)) != nil })
    #expect((reader.roundCount > 0) == mayDivide)
    return Array(map)
  }

  /// `  0:        0..    1023:   33792..    34815:   1024:             last,unwritten,eof`, in bytes.
  private func filefrag(_ path: String, of size: UInt64) throws -> ExtentMap {
    let extents = try Command.check("filefrag", "-v", "-b1", path).lines.compactMap { line -> Extent? in
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      guard fields.count >= 5, Int(fields[0].drop { $0 == " " }) != nil else { return nil }
      let numbers = fields[1...3].map { field in UInt64(field.prefix { $0 != "." }.filter { $0.isNumber }) }
      guard let start = numbers[0], let physical = numbers[1], let length = numbers[2] else { return nil }
      return Extent(
        start: start, length: length, physical: physical,
        flags: fields[fields.count - 1].contains("unwritten") ? .unwritten : [])
    }
    return try ExtentMap(apparentSize: size, source: .fiemap, extents: extents)
  }
}
