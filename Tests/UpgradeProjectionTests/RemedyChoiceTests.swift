import SpaceModel
import Testing
import UpgradeProjection

/// Which actions are proposed to make an upgrade fit.
@Suite struct RemedyChoiceTests {
  private func images(passiveReclaimable: Int64 = 0, inUse: ImageInUse? = nil) -> [ImageUsage] {
    [
      NodeSamples.image(
        "cOS/active.img", .active, allocated: .gibibytes(2), inUse: inUse == nil ? NodeSamples.running : nil),
      NodeSamples.image(
        "cOS/passive.img", .passive, allocated: .gibibytes(3), reclaimable: .gibibytes(passiveReclaimable), inUse: inUse
      ),
    ]
  }

  private let leftTree = [Partition.Leftover(path: "cOS/transition.imgTree", allocatedBytes: .gibibytes(2))]

  private func remedy(
    usable: Int64, _ images: [ImageUsage], leftovers: [Partition.Leftover] = [],
    boot: BootState = BootState(mode: .active)
  ) throws -> [String]? {
    // Target 1.4.1, so that the upgrade digs nothing itself.
    let projection = try NodeSamples.project(
      "harvester", [NodeSamples.state(usable: .mebibytes(usable), images: images, leftovers: leftovers)],
      payload: NodeSamples.payload(version: "v1.4.1"), boot: boot)
    return projection.remedy
  }

  @Test("nothing where it fits, else what costs least") func whatCostsLeast() throws {
    #expect(try remedy(usable: 6000, images()) == nil)
    #expect(try remedy(usable: 4000, images(passiveReclaimable: 1), leftovers: leftTree) == ["remove-leftovers"])
    #expect(try remedy(usable: 4000, images(passiveReclaimable: 1)) == ["dig-holes:cOS/passive.img"])
    #expect(try remedy(usable: 4000, images()) == ["remove-passive"])
    #expect(
      try remedy(usable: 1600, images(passiveReclaimable: 1), leftovers: leftTree) == [
        "remove-leftovers", "dig-holes:cOS/passive.img",
      ])
    #expect(try remedy(usable: 100, images(), leftovers: leftTree) == ["remove-leftovers", "remove-passive"])
  }

  @Test("nothing where nothing helps") func nothingWhereNothingHelps() throws {
    #expect(try remedy(usable: 100, images()) == nil)
  }

  @Test("removing passive is shown, and never advised where it is the last good system")
  func removingPassiveIsNeverAdvisedWhereItIsTheLast() throws {
    var fallback = BootState(mode: .active)
    fallback.upgradeFailure = true
    var pending = BootState(mode: .active)
    pending.rebootPending = true
    for boot in [BootState(mode: .passive), fallback, pending] {
      #expect(try remedy(usable: 4000, images(), boot: boot) == nil)
    }
    #expect(try remedy(usable: 4000, images(inUse: NodeSamples.running), boot: BootState(mode: .passive)) == nil)
    #expect(try remedy(usable: 4000, Array(images().dropFirst())) == nil, "there is no active image")
    let projection = try NodeSamples.project(
      "harvester", [NodeSamples.state(usable: .mebibytes(4000), images: images(inUse: NodeSamples.running))],
      boot: BootState(mode: .passive))
    let whatIf = try #require(projection.whatIfs.first { $0.id == "remove-passive" })
    #expect(whatIf.freesBytes == .zero && whatIf.risk?.contains("reboot") == true)
  }

  @Test("an image that something can write to is not dug") func whatIsWrittenToIsNotDug() throws {
    let writable = ImageInUse(by: "loop3", writable: true)
    #expect(try remedy(usable: 4000, images(passiveReclaimable: 1, inUse: writable)) == nil)
  }

  @Test("passive is not removed where active could not be read, nor in recovery, nor for a margin alone")
  func passiveIsNotRemovedForNothing() throws {
    var unreadable = images()
    unreadable[0].os = nil
    #expect(try remedy(usable: 4000, unreadable) == nil)
    for mode in [BootState.Mode.recovery, .live] {
      #expect(try remedy(usable: 4000, images(), boot: BootState(mode: mode)) == nil)
    }
    let tight = try NodeSamples.project(
      "harvester", [NodeSamples.state(usable: .mebibytes(4400), images: images())],
      payload: NodeSamples.payload(version: "v1.4.1")
    ) { request, _ in request.margin = .bytes(.gibibytes(1)) }
    #expect(tight.outcome == .tight && tight.remedy == nil)
  }

  @Test("leftovers are not removed where an upgrade may be running") func leftoversMayBeAnUpgrades() throws {
    var boot = BootState(mode: .active)
    boot.upgradeMayRun = true
    #expect(try remedy(usable: 4000, Array(images().prefix(1)), leftovers: leftTree, boot: boot) == nil)
  }

  @Test("what is only estimated is tried before the way back is given up, and its outcome is not known")
  func whatIsOnlyEstimated() throws {
    var estimated = images(passiveReclaimable: 1)
    estimated[1].reclaimableBasis = .estimate
    let projection = try NodeSamples.project(
      "harvester", [NodeSamples.state(usable: .mebibytes(4000), images: Array(estimated))],
      payload: NodeSamples.payload(version: "v1.4.1"))
    let dig = try #require(projection.whatIfs.first { $0.id == "dig-holes:cOS/passive.img" })
    #expect(dig.outcome == .unknown && dig.risk != nil)
    #expect(projection.remedy == ["dig-holes:cOS/passive.img"])
  }

  @Test(
    "an image is not dug where that destroys the evidence of its damage",
    arguments: [Integrity.State.damaged, .suspect])
  func notDugWhereThatDestroysTheEvidence(state: Integrity.State) throws {
    var evidence = images(passiveReclaimable: 1)
    evidence[1].integrity = Integrity(state: state, reason: "Something is lost.")
    #expect(try remedy(usable: 4000, evidence) == ["remove-passive"])
  }

  @Test("many images to dig do not push out what helps more") func manyImages() throws {
    let many = (0..<30).map {
      NodeSamples.image(FilePath("cOS/x\($0).img"), .other, allocated: .gibibytes(1), reclaimable: .mebibytes(2))
    }
    #expect(try remedy(usable: 4000, images() + many, leftovers: leftTree) == ["remove-leftovers"])
  }

  @Test("it is hopeless only where everything together does not help at the lower end")
  func hopeless() throws {
    func projection(_ usable: Int64, _ change: (inout Partition) -> Void = { _ in }) throws -> Projection {
      var state = NodeSamples.state(usable: .mebibytes(usable), images: images())
      change(&state)
      return try NodeSamples.project("harvester", [state], payload: NodeSamples.payload(version: "v1.4.1"))
    }
    #expect(try projection(100).isHopeless == true)
    #expect(try projection(4000).isHopeless == nil)
    #expect(try projection(100) { $0.needsRecovery = true }.isHopeless == true)
    var layout = UpgradeLayout(kind: .loopdevice)
    layout.maxSnapshots = Int.min
    #expect(try projection(100) { $0.layout = layout }.isHopeless == nil)
  }
}
