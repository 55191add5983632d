import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// The same disk, mounted and as a file: the figures are the same to the byte.
@Suite(.needsRootAndLoop, .needsTool("setpriv")) struct OfflineEqualityTests {
  /// How an ext4 is made.
  struct Layout: CustomTestStringConvertible {
    var testDescription: String
    var mkfsArguments: [String]
  }

  static let layouts = [
    Layout(testDescription: "blocks of 4 KiB", mkfsArguments: ["-b", "4096"]),
    Layout(testDescription: "blocks of 1 KiB", mkfsArguments: ["-b", "1024"]),
    Layout(testDescription: "clusters of 64 KiB", mkfsArguments: ["-b", "4096", "-O", "bigalloc", "-C", "65536"]),
    Layout(testDescription: "no extents, as ext3 has it", mkfsArguments: ["-b", "4096", "-O", "^extents,^64bit"]),
  ]

  @Test("every figure of an unmounted disk equals the live one", arguments: layouts)
  func everyFigureOfAnUnmountedDiskEqualsTheLiveOne(layout: Layout) throws {
    let state = try StateFilesystem(mkfsArguments: layout.mkfsArguments)
    try state.addImages(mebibytes: 24, contentMiB: 2)
    let (live, names, liveMaps) = try state.mounted { mountpoint, _ in
      try Self.addOddImages(
        mountpoint, seed: Seed.current, hasExtents: !layout.mkfsArguments.contains("^extents,^64bit"))
      let names = try FileManager.default.contentsOfDirectory(atPath: "\(mountpoint)/cOS").sorted()
      try Command.check("sync", "-f", mountpoint)
      let report = try Headroom.audit("--label", state.label)
      let maps = try names.map { name in
        try [[], ["--zeros"]].map { try Self.map(["\(mountpoint)/cOS/\(name)"] + $0) }
      }
      return (report, names, maps)
    }
    #expect(names.count >= 9)

    let offline = try Headroom.audit("--disk", state.image, asUser: Machine.ordinaryUser)
    let left = try Self.comparable(live.partition(state.label))
    let right = try Self.comparable(offline.partition(state.label))
    #expect(left == right)
    #expect(left.images?.count == names.count)
    for (one, other) in zip(left.images ?? [], right.images ?? []) {
      #expect(one == other, "\(one.path.display)")
    }
    #expect(Self.comparable(live.findings) == Self.comparable(offline.findings))
    #expect(live.verdict == offline.verdict)

    for (name, maps) in zip(names, liveMaps) {
      for (arguments, live) in zip([[], ["--zeros"]], maps) {
        let other = try Self.map(["--disk", state.image, "cOS/\(name)"] + arguments, asUser: Machine.ordinaryUser)
        #expect(live == other, "\(name) \(arguments)")
      }
    }
  }

  /// Preallocated, fragmented, hard-linked, all hole, with zeros in odd places, and random ones.
  private static func addOddImages(_ mountpoint: String, seed: Seed, hasExtents: Bool) throws {
    let place = "\(mountpoint)/cOS"
    if hasExtents {
      try Command.check("fallocate", "-l", "5000000", "\(place)/preallocated.img")
      try Command.check(
        "dd", "if=/dev/urandom", "of=\(place)/preallocated.img", "bs=4096", "seek=100", "count=50", "conv=notrunc",
        "status=none")
      try Command.check("cp", "/etc/passwd", "\(place)/behind-the-end.img")
      try Command.check("fallocate", "-n", "-l", "3000000", "\(place)/behind-the-end.img")
    }
    try Command.check("truncate", "-s", "1234567", "\(place)/hole.img")
    try Command.check("ln", "\(place)/active.img", "\(place)/linked.img")
    try Command.check("touch", "\(place)/empty.img")
    try fragmented("\(place)/fragmented.img", beside: "\(place)/between.img")
    let contents: SparsePlan.Contents = hasExtents ? .all : [.punches]
    for number in 0..<6 {
      let plan = SparsePlan.random(seed: seed.derived(number).value, grain: 4096, unit: 65536, contents: contents)
      try plan.write(to: "\(place)/random\(number).img", synchronize: number % 2 == 0 ? .afterEachOperation : .atEnd)
    }
  }

  /// Two files that grow in turns, so that neither is in one piece.
  private static func fragmented(_ first: String, beside second: String) throws {
    let files = [first, second].map { (path: String) in open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644) }
    defer { for file in files { close(file) } }
    for piece in 0..<64 {
      for (index, file) in files.enumerated() {
        let bytes = [UInt8](repeating: piece % 5 == 0 ? 0 : UInt8(piece + index + 1), count: 4096 * (1 + piece % 3))
        guard pwrite(file, bytes, bytes.count, piece * 65536) == bytes.count, fsync(file) == 0 else {
          throw Unexpected("cannot write \(first)")
        }
      }
    }
  }

  private static func map(_ arguments: [String], asUser: UInt32? = nil) throws -> MapDocument {
    let result = try Headroom.run(arguments: ["map", "--json"] + arguments, asUser: asUser)
    guard result.status == 0 else { throw Unexpected(result.description) }
    var document = try JSONDecoder().decode(MapDocument.self, from: Data(result.output))
    document.path = ""
    document.map_source = ""
    return document
  }

  /// Without what must differ: where it is and how it was looked at.
  private static func comparable(_ partition: Partition) -> Partition {
    var partition = partition
    partition.device = ""
    partition.state = .offline
    partition.mountpoints = []
    partition.wholeMountpoint = nil
    partition.isMountedReadOnly = nil
    partition.images = partition.images?.map { image in
      var image = image
      image.mapSource = .fiemap
      image.inUse = nil
      return image
    }
    return partition
  }

  private static func comparable(_ findings: [Finding]) -> [Finding] {
    findings.map { finding in
      var finding = finding
      finding.remedy = nil
      return finding
    }
  }
}
