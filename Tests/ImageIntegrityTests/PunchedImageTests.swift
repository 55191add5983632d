import Foundation
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// Used blocks punched out of good images: the files named are those hit, and metadata is counted by its kind, by what
/// debugfs and dumpe2fs say of the image before.
@Suite(.serialized, .needsRootAndLoop) struct PunchedImageTests {
  private static let recipes = [
    ImageRecipe(type: "ext2", arguments: ["-b", "1024"]), ImageRecipe(type: "ext2", arguments: ["-b", "4096"]),
    ImageRecipe(type: "ext4", arguments: ["-b", "1024"]), ImageRecipe(type: "ext4", arguments: ["-b", "4096"]),
  ]

  @Test("punched blocks are told by owner, and the files named are those hit", arguments: recipes)
  func punchedBlocksAreToldByOwner(_ recipe: ImageRecipe) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(20)
    let image = try makeGoodImage(recipe, in: scratch, &random)
    let owners = try BlockOracle(image)
    let holes = try HoleOracle(image)
    // cp digs what it copies from a sparse file, so the image is mended after each round instead.
    let whole = scratch.file("whole.img")
    try Command.check("cp", "--sparse=never", image, whole)
    for round in 0..<LongProof.count(200 / Self.recipes.count, sample: 3) {
      var random = Seed.current.derived(1000 + round)
      // Mostly one class at a time, so that a lost directory does not hide everything else in every round.
      let kinds = Dictionary(grouping: owners.hostBlocks.filter { holes.isData($0.key) }) { $0.value.first?.kind }
      var chosen: Set<Int> = []
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        guard let kind = kinds.keys.compactMap(\.self).sorted().randomElement(using: &random) else { continue }
        let candidates = (kinds[kind] ?? []).map(\.key).sorted().filter { $0 != 0 && !owners.isFirstDescriptor($0) }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          if let block = candidates.randomElement(using: &random) { chosen.insert(block) }
        }
      }
      guard !chosen.isEmpty else { continue }
      for block in chosen { try Command.check("fallocate", "-p", "-o", "\(block * 4096)", "-l", "4096", image) }
      let survey = try verify(image)
      owners.check(
        survey.integrity, punched: chosen, "\(Seed.current), round \(round), \(recipe), blocks \(chosen.sorted())")
      let quick = try verify(image, readsData: false).integrity
      #expect(quick.state != .clean, "\(Seed.current), round \(round): \(quick)")
      for block in chosen {
        try Command.check(
          "dd", "if=\(whole)", "of=\(image)", "bs=4096", "skip=\(block)", "seek=\(block)", "count=1", "conv=notrunc")
      }
    }
  }

  @Test("the first superblock and the first descriptors may be gone", arguments: recipes)
  func theFirstSuperblockMayBeGone(_ recipe: ImageRecipe) throws {
    let scratch = try ScratchDirectory()
    var recipe = recipe
    recipe.sizeMiB = 200
    let image = try recipe.make(in: scratch)
    let whole = scratch.file("whole.img")
    try Command.check("cp", "--sparse=never", image, whole)
    for block in [0, 1] {
      try Command.check("fallocate", "-p", "-o", "\(block * 4096)", "-l", "4096", image)
      let integrity = try verify(image).integrity
      // With blocks of 1 KiB the second holds reserved descriptors.
      #expect(integrity.state == .damaged, "\(integrity)")
      try Command.check(
        "dd", "if=\(whole)", "of=\(image)", "bs=4096", "skip=\(block)", "seek=\(block)", "count=1", "conv=notrunc")
    }
  }

  @Test("files below a directory that is lost are counted") func filesBelowALostDirectoryAreCounted() throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(21)
    let image = try makeGoodImage(Self.recipes[1], in: scratch, &random)
    let block = try #require(try DebugFS(image).dataRuns(of: "/etc/ssl/certs").first).lowerBound
    try Command.check("fallocate", "-p", "-o", "\(block * 4096)", "-l", "4096", image)
    let survey = try verify(image)
    #expect(survey.integrity.state == .damaged)
    #expect(survey.integrity.unreachableInodes == 60)
    #expect(survey.integrity.files == [])
    #expect(survey.lostDirectories == ["/etc/ssl/certs"])
    #expect(survey.integrity.metadataLost == [.init(kind: .directory, lostBytes: .kibibytes(4))])
  }
}
