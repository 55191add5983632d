import SpaceModel
import Testing
import UpgradeProjection

/// What makes an answer unsure, whatever the figures say.
@Suite struct DoubtTests {
  private static let roomy = NodeSamples.state(usable: .gibibytes(14))

  private func outcome(
    _ payload: Payload? = NodeSamples.payload(), _ partition: Partition = roomy,
    _ change: (inout UpgradeRequest, inout UpgradeNode) -> Void = { _, _ in }
  ) throws -> Projection {
    try NodeSamples.project("harvester", [partition], payload: payload, change)
  }

  @Test("a payload of another product, architecture or release is no answer") func aForeignPayloadIsNoAnswer() throws {
    #expect(try outcome().outcome == .fits)
    #expect(try outcome(NodeSamples.payload(product: "kairos")).reason.contains("kairos"))
    for payload in [
      NodeSamples.payload(product: "kairos"), NodeSamples.payload(architecture: "aarch64"),
      NodeSamples.payload(version: "v1.8.0"),
    ] {
      let projection = try outcome(payload) { request, node in
        node.architecture = "x86_64"
        request.target = ReleaseVersion("v1.8.1")
      }
      #expect(projection.outcome == .unknown, "\(projection.reason)")
      #expect(projection.whatIfs.allSatisfy { $0.outcome == .unknown })
      #expect(projection.remedy == nil)
    }
  }

  @Test("a payload that does not say what it is is taken") func aPayloadThatDoesNotSayWhatItIsIsTaken() throws {
    #expect(try outcome(NodeSamples.payload(product: nil, version: nil, architecture: nil)).outcome == .fits)
  }

  @Test(
    "a target newer than the profile knows is no answer",
    arguments: [("v1.9.7", true), ("v1.10.0", false), ("v2.0.0", false)])
  func aNewerTargetIsNoAnswer(version: String, isKnown: Bool) throws {
    let projection = try outcome(NodeSamples.payload(version: version))
    #expect((projection.outcome == .fits) == isKnown, "\(projection.reason)")
    #expect(projection.outcome == .fits || projection.outcome == .unknown)
  }

  @Test("a payload that this release cannot be upgraded to is no answer") func minimumRelease() throws {
    var payload = NodeSamples.payload()
    payload.system.minUpgradableVersion = "v1.7.0"
    let projection = try outcome(payload) { _, node in node.version = ReleaseVersion("v1.6.1") }
    #expect(projection.outcome == .unknown)
    #expect(try outcome(payload) { _, node in node.version = ReleaseVersion("v1.7.0") }.outcome == .fits)
  }

  /// A node with an active image whose tree takes 1 GiB.
  private func installed(usable: ByteCount) -> Partition {
    var active = NodeSamples.image("cOS/active.img", .active, allocated: .gibibytes(1), inUse: NodeSamples.running)
    active.tree = NodeSamples.census(tree: .gibibytes(1))
    active.os = OperatingSystem(prettyName: "Harvester v1.7.0")
    return NodeSamples.state(usable: usable, images: [active])
  }

  @Test("without a payload the installed system is the measure, as it is and 30 % larger")
  func withoutAPayloadTheInstalledSystemIsTheMeasure() throws {
    let none = try outcome(nil)
    #expect(none.outcome == .unknown && none.basis == nil)
    let large = try outcome(nil, installed(usable: .gibibytes(3)))
    #expect(large.outcome == .fits && large.basis?.kind == .installed)
    #expect(large.basis?.leastTreeBytes == .gibibytes(1))
    #expect(large.basis?.treeBytes == ByteCount(1_395_864_372))
    let between = try outcome(nil, installed(usable: .mebibytes(2300)))
    #expect(between.outcome == .unknown, "\(between.reason)")
    #expect((between.headroomBytes ?? .zero) < .zero && (between.mostHeadroomBytes ?? .zero) > .zero)
    let small = try outcome(nil, installed(usable: .gibibytes(2)))
    #expect(small.outcome == .silentCorruption)
    #expect(try outcome(nil, installed(usable: .mebibytes(500))).outcome == .loudFailure)
  }

  @Test("where a payload is required an estimate is no answer") func whereAPayloadIsRequired() throws {
    #expect(
      try outcome(nil, installed(usable: .gibibytes(9))) { request, _ in request.requirePayload = true }.outcome
        == .unknown)
    let given = try outcome(nil) { request, _ in
      request.treeBytes = .gibibytes(2)
      request.requirePayload = true
    }
    #expect(given.outcome == .unknown)
    #expect(try outcome { request, _ in request.requirePayload = true }.outcome == .fits)
  }

  @Test("a size that is given is the tree's, to the byte, with or without an installed system")
  func aSizeThatIsGiven() throws {
    for partition in [Self.roomy, installed(usable: .gibibytes(14))] {
      let projection = try outcome(nil, partition) { request, _ in request.treeBytes = .gibibytes(2) }
      #expect(projection.basis?.kind == .given && projection.basis?.treeBytes == .gibibytes(2))
      let image = try #require(projection.basis?.imageBytes)
      #expect(image > .gibibytes(2) && image < .mebibytes(2150), "\(image)")
    }
  }

  @Test("a disk that was copied in use may fail and never plainly fits") func aDiskCopiedInUse() throws {
    var partition = Self.roomy
    partition.state = .offline
    partition.needsRecovery = true
    #expect(try outcome(NodeSamples.payload(), partition).outcome == .unknown)
    partition.usableBytes = .gibibytes(1)
    #expect(try outcome(NodeSamples.payload(), partition).outcome == .loudFailure)
  }

  @Test("free space or a filesystem that is not known is no answer") func notKnown() throws {
    var partition = Self.roomy
    partition.usableBytes = nil
    #expect(try outcome(NodeSamples.payload(), partition).outcome == .unknown)
    partition = Self.roomy
    partition.filesystemType = "reiserfs"
    #expect(try outcome(NodeSamples.payload(), partition).outcome == .unknown)
  }

  @Test("while an upgrade runs nothing is said of the next") func whileAnUpgradeRuns() throws {
    var boot = BootState(mode: .active)
    boot.upgradeRunning = ["elemental upgrade runs"]
    for usable in [Int64(1), 14] {
      let projection = try NodeSamples.project("harvester", [NodeSamples.state(usable: .gibibytes(usable))], boot: boot)
      #expect(projection.outcome == .unknown && projection.remedy == nil)
    }
  }

  @Test("a node whose COS_STATE was not found is no answer, and no node at all is none")
  func aNodeWithoutItsState() throws {
    var persistent = Self.roomy
    persistent.filesystemLabel = "COS_PERSISTENT"
    persistent.images = nil
    let projection = try outcome(NodeSamples.payload(), persistent)
    #expect(projection.outcome == .unknown && projection.device == nil)
    var other = Self.roomy
    other.filesystemLabel = "DATA"
    #expect(throws: NodeSamples.Missing.self) { try outcome(NodeSamples.payload(), other) }
  }

  @Test("with trusted boot a COS_STATE that is there is not what is upgraded") func trustedBoot() throws {
    let projection = try NodeSamples.project("kairos", [Self.roomy], payload: nil, boot: BootState(mode: .uki))
    #expect(projection.outcome == .unknown && projection.reason.contains("EFI"))
  }

  @Test("figures that contradict each other are no answer") func contradictions() throws {
    for change in [
      { (partition: inout Partition) in partition.freeBytes = .gibibytes(99) },
      { partition in partition.usableBytes = ByteCount(-1) }, { partition in partition.freeBytes = ByteCount(-5) },
    ] {
      var partition = Self.roomy
      change(&partition)
      #expect(try outcome(NodeSamples.payload(), partition).outcome == .unknown)
    }
  }

  @Test("an estimate that the margin divides is no answer") func anEstimateThatTheMarginDivides() throws {
    let projection = try outcome(nil, installed(usable: .mebibytes(2800))) { request, _ in
      request.margin = .bytes(.mebibytes(256))
    }
    #expect(projection.outcome == .unknown && projection.lacks == .payload, "\(projection.reason)")
  }

  @Test("where the two ends fail in different ways, the way that nobody notices counts")
  func theWorseWayOfFailing() throws {
    // The tree takes 1 to 1.3 GiB.
    let projection = try outcome(nil, installed(usable: .mebibytes(1200)))
    #expect(projection.outcome == .silentCorruption && projection.cause == .image)
  }

  @Test("another system, an older release, and snapshots of another filesystem are no answer") func otherSystems()
    throws
  {
    let debian = try outcome(NodeSamples.payload(product: nil, version: nil)) { _, node in node.product = "harvester" }
    #expect(debian.outcome == .unknown, "\(debian.reason)")
    let older = try outcome(NodeSamples.payload(version: "v1.7.0")) { _, node in node.version = ReleaseVersion("v1.8.0")
    }
    #expect(older.outcome == .unknown, "\(older.reason)")
    let payload = NodeSamples.payload(product: "elemental")
    let snapshots = try NodeSamples.project("elemental-btrfs", [Self.roomy], payload: payload)
    #expect(snapshots.outcome == .unknown, "\(snapshots.reason)")
  }

  @Test("an image that no filesystem can be made in is no answer") func impossibleImages() throws {
    let projection = try outcome { request, _ in request.imageBytes = ByteCount(1) }
    #expect(projection.outcome == .unknown && projection.lacks == nil, "\(projection.reason)")
  }

  @Test("of a size that is given nothing is said of inodes") func inodesOfAGivenSize() throws {
    let projection = try outcome(nil) { request, _ in request.treeBytes = .mebibytes(2500) }
    #expect(projection.cause != .imageInodes && projection.cause != .stateInodes)
  }
}
