import Foundation
import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// `headroom verify` after upgrades that really ran out of space, against what the kernel reads from what they left.
@Suite(.serialized, .needsRootAndLoop, .needsTool("rsync", "mkfs.ext4", "mkfs.ext2", "perl"))
struct RehearsedDamageTests {
  @Test(
    "An upgrade that was short is damaged, and no damage goes unsaid; one that had room is clean",
    arguments: LongProof.cases(RehearsedTree.allCases, sample: 1))
  func upgrades(_ kind: RehearsedTree) throws {
    let upgrade = try RehearsedUpgrade(of: kind)
    let room = try upgrade.run(.init())
    try checkWhole(room, upgrade.tree)
    for row in LongProof.cases(RehearsedUpgrade.Case.short, sample: 2) {
      try check(upgrade.run(row), upgrade.tree, "\(kind.rawValue), \(row)")
    }
  }

  @Test("An image whose journal was not replayed is never clean", arguments: [true, false])
  func journalInside(_ hasRoom: Bool) throws {
    let scratch = try ScratchDirectory()
    let tree = try PayloadTree(in: scratch, files: 2000)
    let state = try LoopMount.makeFilesystem("ext4", in: scratch, sizeMiB: 600, mkfsArguments: ["-L", "COS_STATE"])
    try LoopMount.with(image: state, type: "ext4") { mountpoint, device in
      try Command.check("mkdir", "\(mountpoint)/cOS")
      let image = "\(mountpoint)/cOS/written.img"
      try Command.check("truncate", "-s", "400M", image)
      try Command.check("mkfs.ext4", "-q", "-F", "-L", "COS_ACTIVE", image)
      if !hasRoom { try Command.check("fallocate", "-l", "490M", "\(mountpoint)/ballast") }
      try LoopMount.with(image: image, type: "ext4") { inner, _ in
        try Command.check("rsync", "-a", "\(tree.path)/", inner)
        // Fails where there is no room.
        _ = try Command.run("sync", "-f", inner)
        _ = try Command.run("sync", "-f", mountpoint)
        try? FileManager.default.removeItem(atPath: "\(mountpoint)/ballast")
        try Command.check("cp", "--sparse=always", image, "\(mountpoint)/cOS/active.img")
      }
      try Command.check("rm", image)
    }
    for more in [[], ["--against", tree.path]] {
      let result = try Headroom.run(arguments: ["verify", "--disk", state, "--json"] + more)
      let integrity = try #require(Headroom.report(result).image("cOS/active.img").integrity)
      #expect(integrity.state == .damaged || integrity.state == .unknown, "\(result)")
      #expect(result.status != 0)
    }
  }

  private func verify(_ state: String, _ more: String...) throws -> (status: Int32, integrity: Integrity) {
    let result = try Headroom.run(
      arguments: ["verify", "--disk", state, "--json"] + more, timeout: .seconds(300))
    let report = try Headroom.report(result)
    return (result.status, try #require(report.image("cOS/active.img").integrity, "\(result)"))
  }

  private func checkWhole(_ state: String, _ tree: String) throws {
    #expect(try TreeTruth.read(of: state, against: tree).wrong.isEmpty)
    for more in [[], ["--against", tree]] {
      let result = try Headroom.run(arguments: ["verify", "--disk", state, "--json"] + more, timeout: .seconds(300))
      #expect(result.status == 0, "\(result)")
      let integrity = try #require(Headroom.report(result).image("cOS/active.img").integrity)
      #expect(integrity.state == .clean, "\(integrity)")
    }
  }

  private func check(_ state: String, _ tree: String, _ name: String) throws {
    let truth = try TreeTruth.read(of: state, against: tree)
    let (status, integrity) = try verify(state)
    #expect(status == 2 && integrity.state == .damaged, "\(name): \(status) \(integrity.reason)")
    let files = integrity.files ?? []
    let named = Set(files.filter { $0.suspect != true }.map(\.path))
    let suspect = Set(files.map(\.path)).subtracting(named)

    // No file is named that is whole, but where lost zeros read as they should.
    let whole = named.filter { truth.wrong[$0] == nil }
    let right = whole.filter { path in
      let ranges = files.filter { $0.path == path }.flatMap { $0.lostRanges ?? [] }
      return ranges.isEmpty || !truth.isZero(path, in: ranges)
    }
    #expect(right.isEmpty, "\(name): whole and named: \(right.sorted().prefix(5).map(\.display))")
    // Every one that is not and that a path leads to is named.
    let missed = truth.nameable.subtracting(named).subtracting(suspect)
    #expect(missed.isEmpty, "\(name): not named: \(missed.sorted().prefix(5).map(\.display)), \(missed.count)")
    // The rest is counted.
    let unreachable = Int(integrity.unreachableInodes ?? 0)
    #expect(truth.unlisted <= unreachable, "\(name)")

    let (exactStatus, exact) = try verify(state, "--against", tree)
    // What is lost may have been zeros all along: then the payload says that nothing is.
    #expect(exactStatus == 2 || truth.wrong.isEmpty, "\(name)")
    let found = Set((exact.files ?? []).map(\.path))
    let expected = Set(truth.wrong.keys)
    let (extra, absent) = (found.subtracting(expected), expected.subtracting(found))
    #expect(
      extra.isEmpty && absent.isEmpty,
      """
      \(name): with the payload, wrongly named: \(extra.sorted().prefix(5).map(\.display)), not named: \
      \(absent.sorted().prefix(5).map(\.display)), \(absent.count)
      """)
    print(
      """
      \(name): of \(truth.names) names \(truth.nameable.count) damaged and \(truth.unlisted) unlisted; named \
      \(named.count), \(whole.count) of them zeros all along, suspect \(suspect.count) \
      (\(suspect.count { truth.wrong[$0] != nil }) rightly), unreachable \(unreachable), lost \
      \(integrity.lostBytes ?? .zero), metadata \
      \((integrity.metadataLost ?? []).map { "\($0.kind.rawValue) \($0.lostBytes)" }.joined(separator: ", "))
      """)
  }
}
