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
        "dig-holes:cOS/passive.img", "remove-leftovers",
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
}
