import SpaceModel
import Testing
import UpgradeProjection

@Suite struct ProjectorTests {
  @Test("every built-in profile can be read") func everyBuiltInProfileCanBeRead() {
    for name in UpgradeProfile.builtInNames { #expect(UpgradeProfile.builtIn(name)?.name == name) }
  }

  /// The need of the usual payload for a profile, as the projection has it.
  private func sizes(_ profile: String) throws -> (tree: ByteCount, image: ByteCount) {
    let projection = try NodeSamples.project(profile, [NodeSamples.state(usable: .gibibytes(12))])
    let basis = try #require(projection.basis)
    return (basis.treeBytes ?? .zero, basis.imageBytes ?? .zero)
  }

  @Test("of two copies the tree fails loudly and the image silently, to the byte")
  func ofTwoCopiesTheTreeFailsLoudlyAndTheImageSilently() throws {
    let (tree, image) = try sizes("harvester")
    #expect(image > tree)
    let need = tree + image
    let table: [(ByteCount, Projection.Outcome, Projection.Cause?)] = [
      (.zero, .loudFailure, .tree), (tree - ByteCount(1), .loudFailure, .tree), (tree, .silentCorruption, .image),
      (need - ByteCount(1), .silentCorruption, .image), (need, .fits, nil), (need + ByteCount(1), .fits, nil),
    ]
    for (usable, outcome, cause) in table {
      let projection = try NodeSamples.project("harvester", [NodeSamples.state(usable: usable)])
      #expect(projection.outcome == outcome, "\(usable.bytes)")
      #expect(projection.cause == cause)
      #expect(projection.needBytes == need)
      #expect(projection.headroomBytes == usable - need)
      #expect(projection.peakStep == "fill transition.img")
      #expect(projection.steps.map(\.changeBytes).reduce(.zero, +) == image)
    }
  }

  @Test("less than the margin is tight; a margin in percent is of the need") func lessThanTheMarginIsTight() throws {
    let (tree, image) = try sizes("harvester")
    let need = tree + image
    for (margin, more, outcome) in [
      (SizeThreshold.bytes(.mebibytes(256)), ByteCount.mebibytes(255), Projection.Outcome.tight),
      (.bytes(.mebibytes(256)), .mebibytes(256), .fits), (.percent(10), ByteCount(need.bytes / 11), .tight),
      (.percent(10), ByteCount(need.bytes / 10), .fits),
    ] {
      let projection = try NodeSamples.project("harvester", [NodeSamples.state(usable: need + more)]) { request, _ in
        request.margin = margin
      }
      #expect(projection.outcome == outcome)
    }
  }

  @Test("one copy needs the image alone, and still fails silently") func oneCopyNeedsTheImageAlone() throws {
    let payload = NodeSamples.payload(product: "kairos")
    let (_, image) = try sizes("harvester")
    let fits = try NodeSamples.project("kairos", [NodeSamples.state(usable: image)], payload: payload)
    #expect(fits.outcome == .fits && fits.needBytes == image && fits.model == "one-copy")
    let short = try NodeSamples.project(
      "kairos", [NodeSamples.state(usable: image - ByteCount(4096))], payload: payload)
    #expect(short.outcome == .silentCorruption)
  }

  @Test("a Kairos file: source is written out in full, and fails loudly") func aKairosFileSourceIsDense() throws {
    let payload = NodeSamples.payload(kind: .filesystemImage, fileBytes: .gibibytes(3), product: "kairos")
    let fits = try NodeSamples.project("kairos", [NodeSamples.state(usable: .gibibytes(3))], payload: payload)
    #expect(fits.outcome == .fits && fits.needBytes == .gibibytes(3))
    let short = try NodeSamples.project("kairos", [NodeSamples.state(usable: .gibibytes(2))], payload: payload)
    #expect(short.outcome == .loudFailure)
  }

  @Test("Kairos booted from passive replaces active alone") func kairosBootedFromPassiveReplacesActiveAlone() throws {
    let images = [
      NodeSamples.image("cOS/active.img", .active, allocated: .gibibytes(1)),
      NodeSamples.image("cOS/passive.img", .passive, allocated: .gibibytes(2), inUse: NodeSamples.running),
    ]
    let payload = NodeSamples.payload(product: "kairos")
    let projection = try NodeSamples.project(
      "kairos", [NodeSamples.state(usable: .gibibytes(8), images: images)], payload: payload,
      boot: BootState(mode: .passive))
    #expect(projection.steps.map(\.name) == ["fill transition.img", "replace active.img"])
    #expect(projection.steps.last?.changeBytes == .zero - .gibibytes(1))
  }

  @Test("btrfs needs between one and two trees, and fails loudly") func btrfsNeedsBetweenOneAndTwoTrees() throws {
    let payload = NodeSamples.payload(product: "elemental")
    for (gib, outcome) in [(Int64(1), Projection.Outcome.loudFailure), (3, .unknown), (4, .fits)] {
      let projection = try NodeSamples.project(
        "elemental-btrfs", [NodeSamples.state(usable: .gibibytes(gib), type: "btrfs")], payload: payload)
      #expect(projection.outcome == outcome, "\(gib)")
      #expect(projection.leastNeedBytes == .gibibytes(2) && projection.needBytes == .gibibytes(4))
    }
  }

  @Test("elemental 2 prunes once the new snapshot stands, and never the one that runs")
  func elemental2PrunesAfterwards() throws {
    let images = (1...3).map { number in
      NodeSamples.image(
        FilePath(".snapshots/\(number)/snapshot.img"), number == 3 ? .active : .snapshot, allocated: .gibibytes(1),
        inUse: number == 1 ? NodeSamples.running : nil)
    }
    let projection = try NodeSamples.project(
      "elemental-v2", [NodeSamples.state(usable: .gibibytes(8), images: images)],
      payload: NodeSamples.payload(product: "elemental"))
    let prune = try #require(projection.steps.first { $0.name == "delete old snapshots" })
    // Of three, all but one go; the oldest runs, so the second goes and then the third.
    #expect(prune.changeBytes == .zero - .gibibytes(2))
    #expect(projection.peakStep == "fill snapshot.img")
    #expect(projection.creditBytes == nil)
  }

  @Test(
    "passive is dug by the upgrade itself from target 1.4.2 on, and only what was measured counts",
    arguments: [
      ("v1.4.1", ReclaimableBasis.scan, nil), ("v1.4.2", .scan, Int64(1)), ("v1.8.1", .scan, 1),
      ("v1.8.1", .estimate, nil),
      (nil, .scan, nil),
    ] as [(String?, ReclaimableBasis, Int64?)])
  func passiveIsDugByTheUpgradeItself(version: String?, basis: ReclaimableBasis, credit: Int64?) throws {
    let passive = NodeSamples.image(
      "cOS/passive.img", .passive, allocated: .gibibytes(3), reclaimable: .gibibytes(1), basis: basis)
    let projection = try NodeSamples.project(
      "harvester", [NodeSamples.state(usable: .gibibytes(8), images: [passive])],
      payload: NodeSamples.payload(version: version))
    #expect(projection.creditBytes == credit.map { .gibibytes($0) })
    #expect(projection.headroomBytes == .gibibytes(8 + (credit ?? 0)) - (projection.needBytes ?? .zero))
    // In the end all of the old passive is gone, dug or not.
    let before = ByteCount.gibibytes(7) - .mebibytes(16)
    let image = projection.basis?.imageBytes ?? .zero
    #expect(projection.steps.last?.usedBytes == before + image - .gibibytes(3))
  }

  @Test("a transition.img that was left is truncated before it is filled, a left tree is no credit")
  func aLeftImageIsTruncated() throws {
    let leftovers = [
      Partition.Leftover(path: "cOS/transition.img", allocatedBytes: .gibibytes(1)),
      Partition.Leftover(path: "cOS/transition.imgTree", allocatedBytes: .gibibytes(2)),
    ]
    let (tree, image) = try sizes("harvester")
    let usable = tree + image - .gibibytes(1)
    let projection = try NodeSamples.project("harvester", [NodeSamples.state(usable: usable, leftovers: leftovers)])
    #expect(projection.outcome == .fits)
    #expect(projection.needBytes == usable)
    let removed = try #require(projection.whatIfs.first { $0.id == "remove-leftovers" })
    #expect(removed.freesBytes == .gibibytes(3) && removed.headroomBytes == .gibibytes(2))
  }

  @Test("what does not fit inside the image, or has no inodes, fails loudly and is named")
  func whatDoesNotFitInsideFailsLoudly() throws {
    let roomy = NodeSamples.state(usable: .gibibytes(14))
    let large = try NodeSamples.project("harvester", [roomy], payload: NodeSamples.payload(tree: .gibibytes(4)))
    #expect(large.outcome == .loudFailure && large.cause == .imageBlocks)
    let many = try NodeSamples.project(
      "harvester", [roomy], payload: NodeSamples.payload(tree: .gibibytes(2), inodes: 300_000))
    #expect(many.outcome == .loudFailure && many.cause == .imageInodes)
    var poor = roomy
    poor.inodesFree = 29_999
    let few = try NodeSamples.project("harvester", [poor])
    #expect(few.outcome == .loudFailure && few.cause == .stateInodes)
    let larger = try NodeSamples.project("harvester", [roomy], payload: NodeSamples.payload(tree: .gibibytes(4))) {
      request, _ in
      request.imageBytes = .gibibytes(6)
    }
    #expect(larger.outcome == .fits)
  }

  @Test("recovery is upgraded on request only") func recoveryIsUpgradedOnRequestOnly() throws {
    var recovery = NodeSamples.state(
      usable: .gibibytes(1), images: [NodeSamples.image("cOS/recovery.img", .recovery, allocated: .gibibytes(3))])
    recovery.filesystemLabel = "COS_RECOVERY"
    let payload = NodeSamples.payload(product: "elemental")
    let partitions = [NodeSamples.state(usable: .gibibytes(9)), recovery]
    let idle = try NodeSamples.project("elemental", partitions, payload: payload, upgrade: "recovery")
    #expect(idle.isOptional == true && idle.outcome == .loudFailure)
    let asked = try NodeSamples.project("elemental", partitions, payload: payload, upgrade: "recovery") { request, _ in
      request.includesOptional = true
    }
    #expect(asked.isOptional == nil && asked.outcome == .loudFailure)
  }

  @Test("what the job digs is not there for an upgrade by hand, nor in recovery") func byHand() throws {
    let passive = NodeSamples.image("cOS/passive.img", .passive, allocated: .gibibytes(3), reclaimable: .gibibytes(1))
    let active = NodeSamples.image("cOS/active.img", .active, allocated: .gibibytes(2))
    let state = NodeSamples.state(usable: .mebibytes(3900), images: [active, passive])
    let job = try NodeSamples.project("harvester", [state])
    #expect(job.outcome == .fits && job.creditBytes == .gibibytes(1))
    #expect(job.outcomeByHand == .silentCorruption)
    #expect(job.headroomByHandBytes == (job.headroomBytes ?? .zero) - .gibibytes(1))
    for mode in [BootState.Mode.recovery, .live] {
      let projection = try NodeSamples.project("harvester", [state], boot: BootState(mode: mode))
      #expect(projection.outcome == .silentCorruption && projection.creditBytes == nil)
    }
  }

  @Test("a copy that unpacks nothing needs no inodes of the filesystem") func inodesOfOneCopy() throws {
    var state = NodeSamples.state(usable: .gibibytes(8))
    state.inodesFree = 100
    #expect(
      try NodeSamples.project("kairos", [state], payload: NodeSamples.payload(product: "kairos")).outcome == .fits)
  }

  @Test("a release candidate of the first release with two copies needs two") func releaseCandidates() throws {
    let state = NodeSamples.state(usable: .gibibytes(8))
    for (version, model) in [("v1.1.3", "one-copy"), ("v1.2.0-rc1", "two-copy"), ("v1.2.0", "two-copy")] {
      let projection = try NodeSamples.project("harvester", [state], payload: NodeSamples.payload(version: version))
      #expect(projection.model == model, "\(version)")
    }
  }

  @Test("all built-in profiles leave out what the tools' copies do") func excludes() throws {
    for name in UpgradeProfile.builtInNames {
      #expect(try UpgradeProfile.named(name).excludes == TreeTally.systemExcludes, "\(name)")
    }
  }
}
