import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct ImageRulesTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var image: ImageUsage
    var rules = ImageRules()
    var size: ByteCount? = .gibibytes(8)
    var id: Finding.ID?
    var severity: Finding.Severity = .warning
  }

  private static func image(
    _ path: FilePath = "cOS/passive.img", role: ImageRole = .passive, apparent: ByteCount = .gibibytes(3),
    allocated: ByteCount = .gibibytes(3), reclaimable: ByteCount?, sparse: Bool? = false,
    basis: ReclaimableBasis = .scan
  ) -> ImageUsage {
    Samples.image(
      path, role: role, apparent: apparent, allocated: allocated, reclaimable: reclaimable, sparse: sparse, basis: basis
    )
  }

  /// A tenth of 8 GiB.
  private static let tenth = ByteCount(858_993_459)

  static let rows: [Row] = [
    Row(testDescription: "dense and full", image: image(reclaimable: .zero)),
    Row(
      testDescription: "dense and full of files, with the zeros every filesystem has",
      image: image(reclaimable: .mebibytes(64) - ByteCount(1))),
    Row(
      testDescription: "dense with 64 MiB of zeros", image: image(reclaimable: .mebibytes(64)), id: .imageNotSparse,
      severity: .info),
    Row(
      testDescription: "a byte below a tenth of the partition", image: image(reclaimable: tenth - ByteCount(1)),
      id: .imageNotSparse, severity: .info),
    Row(
      testDescription: "a tenth of the partition", image: image(reclaimable: tenth), id: .imageNotSparse),
    Row(
      testDescription: "a byte below 1 GiB on a large partition",
      image: image(reclaimable: .gibibytes(1) - ByteCount(1)), size: .gibibytes(15), id: .imageNotSparse,
      severity: .info),
    Row(
      testDescription: "1 GiB on a large partition", image: image(reclaimable: .gibibytes(1)), size: .gibibytes(15),
      id: .imageNotSparse),
    Row(
      testDescription: "1 GiB where no size is known", image: image(reclaimable: .gibibytes(1)), size: nil,
      id: .imageNotSparse),
    Row(
      testDescription: "less where no size is known", image: image(reclaimable: .gibibytes(1) - ByteCount(1)),
      size: nil,
      id: .imageNotSparse, severity: .info),
    Row(
      testDescription: "a threshold given in bytes", image: image(reclaimable: .mebibytes(100)),
      rules: ImageRules(warnReclaimable: .bytes(.mebibytes(100))), id: .imageNotSparse),
    Row(
      testDescription: "a byte below it", image: image(reclaimable: .mebibytes(100) - ByteCount(1)),
      rules: ImageRules(warnReclaimable: .bytes(.mebibytes(100))), id: .imageNotSparse, severity: .info),
    Row(
      testDescription: "a threshold in percent", image: image(reclaimable: .gibibytes(2)),
      rules: ImageRules(warnReclaimable: .percent(25)), id: .imageNotSparse),
    Row(
      testDescription: "a threshold in percent where no size is known: the default",
      image: image(reclaimable: .gibibytes(1)), rules: ImageRules(warnReclaimable: .percent(99)), size: nil,
      id: .imageNotSparse),
    Row(
      testDescription: "Kairos sizes its partition for dense images", image: image(reclaimable: .gibibytes(2)),
      rules: ImageRules(denseImagesExpected: true), id: .imageNotSparse, severity: .info),
    Row(
      testDescription: "zeros in an image with holes", image: image(reclaimable: .gibibytes(1), sparse: true),
      id: .imageZeroData),
    Row(
      testDescription: "zeros where it is not known whether there are holes",
      image: image(reclaimable: .gibibytes(1), sparse: nil), id: .imageZeroData),
    Row(
      testDescription: "a dense recovery",
      image: image("cOS/recovery.img", role: .recovery, reclaimable: .gibibytes(2)),
      id: .recoveryNotSparse, severity: .info),
    Row(
      testDescription: "an estimate counts like a scan",
      image: image(reclaimable: .gibibytes(1), basis: .estimate), id: .imageNotSparse),
    Row(testDescription: "nothing is known of zeros", image: image(reclaimable: nil)),
    Row(
      testDescription: "a small image that is a tenth zeros",
      image: image(apparent: .mebibytes(10), allocated: .mebibytes(10), reclaimable: .mebibytes(1)),
      id: .imageNotSparse,
      severity: .info),
    Row(
      testDescription: "a small image that is less than a tenth zeros",
      image: image(apparent: .mebibytes(10), allocated: .mebibytes(10), reclaimable: .mebibytes(1) - ByteCount(1))),
    Row(
      testDescription: "an empty image", image: image(apparent: .zero, allocated: .zero, reclaimable: .zero)),
    Row(
      testDescription: "a block that is zero is a finding where it is all there is",
      image: image(apparent: ByteCount(4096), allocated: ByteCount(4096), reclaimable: ByteCount(4096)),
      id: .imageNotSparse, severity: .info),
  ]

  @Test("figures make findings", arguments: rows) func figuresMakeFindings(row: Row) {
    var partition = Samples.state([row.image])
    partition.sizeBytes = row.size
    partition.capacityBytes = nil
    let findings = row.rules.findings(for: partition)
    #expect(findings.map(\.id) == [row.id].compactMap(\.self))
    if let finding = findings.first {
      #expect(finding.severity == row.severity)
      #expect(finding.target == "COS_STATE:\(row.image.path.display)")
      #expect(finding.remedy?.contains("headroom reclaim --apply ") == true)
      #expect(finding.remedy?.contains("fallocate --dig-holes") == true)
    }
  }

  @Test("the message shows the arithmetic") func theMessageShowsTheArithmetic() throws {
    let dense = Samples.state([Samples.image(reclaimable: ByteCount(1_494_691_840))])
    #expect(
      ImageRules().findings(for: dense).first?.message
        == "It is written out in full, 3.00 GiB for 3.00 GiB, though 46 % of it is empty: digging holes gives back "
        + "1.39 GiB. It was copied without its holes; headroom copy keeps them.")
    let zeros = Samples.state([Samples.image(reclaimable: .gibibytes(1), sparse: true, basis: .estimate)])
    #expect(
      ImageRules().findings(for: zeros).first?.message
        == "It holds about 1.00 GiB (33 %) of zeros that are written out (estimated: no data was read); digging holes gives "
        + "that back.")
  }

  static let overcommitments: [(holes: ByteCount?, usable: ByteCount?, writable: Bool?, isFinding: Bool)] = [
    (.gibibytes(2), .gibibytes(1), true, true),
    (ByteCount(1_073_741_825), .gibibytes(1), true, true),
    (.gibibytes(1), .gibibytes(1), true, false),
    (.gibibytes(2), .gibibytes(1), false, false),
    (.gibibytes(2), .gibibytes(1), nil, false),
    (nil, .gibibytes(1), true, false),
    (.gibibytes(2), nil, true, false),
  ]

  @Test("holes beyond the free space count only where something can write", arguments: overcommitments)
  func holesBeyondTheFreeSpaceCountOnlyWhereSomethingCanWrite(
    row: (holes: ByteCount?, usable: ByteCount?, writable: Bool?, isFinding: Bool)
  ) {
    var image = Samples.image(reclaimable: .zero, sparse: true)
    image.holeBytes = row.holes
    image.inUse = row.writable.map { ImageInUse(by: "loop3", writable: $0) }
    var partition = Samples.state([image])
    partition.usableBytes = row.usable
    let findings = ImageRules().findings(for: partition)
    #expect(findings.map(\.id) == (row.isFinding ? [.imageOvercommitted] : []))
    #expect(findings.allSatisfy { $0.severity == .warning })
  }

  @Test("leftovers are removed only where it is known that no upgrade runs", arguments: [nil, false, true])
  func leftoversAreRemovedOnlyWhereItIsKnownThatNoUpgradeRuns(isUpgradeRunning: Bool?) throws {
    var partition = Samples.state([])
    partition.leftovers = [
      Partition.Leftover(path: "cOS/transition.img", allocatedBytes: .gibibytes(2)),
      Partition.Leftover(path: "cOS/transition.imgTree", allocatedBytes: .gibibytes(1)),
    ]
    var rules = ImageRules()
    rules.isUpgradeRunning = isUpgradeRunning
    let findings = rules.findings(for: partition)
    guard isUpgradeRunning != true else {
      #expect(findings.isEmpty)
      return
    }
    let finding = try #require(findings.first)
    #expect(findings.count == 1)
    #expect(finding.id == .upgradeLeftovers && finding.severity == .info && finding.target == "COS_STATE")
    let who = isUpgradeRunning == nil ? "did not finish, or one that is running," : "did not finish"
    #expect(
      finding.message == "An upgrade that \(who) left cOS/transition.img, cOS/transition.imgTree: 3.00 GiB.")
    #expect(
      finding.remedy
        == (isUpgradeRunning == nil
          ? "Remove them when no upgrade is running."
          : "mount -o remount,rw /run/initramfs/cos-state\n"
            + "rm -r --one-file-system /run/initramfs/cos-state/cOS/transition.img\n"
            + "rm -r --one-file-system /run/initramfs/cos-state/cOS/transition.imgTree\n"
            + "mount -o remount,ro /run/initramfs/cos-state"))
    partition.leftovers = []
    #expect(rules.findings(for: partition).isEmpty)
  }

  @Test("while an upgrade runs no image is to be changed") func whileAnUpgradeRunsNoImageIsToBeChanged() {
    var image = Samples.image(reclaimable: .gibibytes(1))
    image.holeBytes = .gibibytes(100)
    image.inUse = ImageInUse(by: "loop3", writable: true)
    var rules = ImageRules()
    rules.isUpgradeRunning = true
    let findings = rules.findings(for: Samples.state([image]))
    #expect(findings.map(\.id) == [.imageNotSparse, .imageOvercommitted])
    #expect(findings.allSatisfy { $0.remedy == nil })
  }

  @Test("the only recovery system there is stays", arguments: [true, false])
  func theOnlyRecoverySystemThereIsStays(bootIsThere: Bool) throws {
    var partition = Samples.state(bootIsThere ? [Samples.image("boot/recovery.img", role: .recovery)] : [])
    partition.filesystemLabel = "COS_RECOVERY"
    partition.leftovers = (["boot-old", "boot-transition", "boot/recovery.imgTree"] as [FilePath]).map {
      Partition.Leftover(path: $0, allocatedBytes: .gibibytes(1))
    }
    var rules = ImageRules()
    rules.isUpgradeRunning = false
    let finding = try #require(rules.findings(for: partition).first)
    let remedy = try #require(finding.remedy)
    #expect(remedy.contains("boot-old") == bootIsThere && remedy.contains("boot-transition") == bootIsThere)
    #expect(remedy.contains("boot/recovery.imgTree"))
    #expect(finding.message.contains("boot is missing") == !bootIsThere)
  }

  @Test("where a disk has two filesystems of one label, no command goes by the label")
  func whereADiskHasTwoFilesystemsOfOneLabelNoCommandGoesByTheLabel() {
    let image = Samples.image(reclaimable: .gibibytes(2))
    let disks = (["node.img#4", "node.img#5"] as [FilePath]).map { device -> Partition in
      var partition = Partition(device: device, state: .offline)
      partition.filesystemLabel = "COS_STATE"
      partition.images = [image]
      return partition
    }
    // A mounted one, or a device, is named by its place.
    let mounted = Samples.state([image])
    var rules = ImageRules()
    rules.ambiguousLabels = ImageRules.ambiguousLabels(disks + [mounted])
    #expect(rules.ambiguousLabels == ["COS_STATE"])
    for disk in disks {
      #expect(rules.findings(for: disk).first?.remedy?.hasPrefix("Find out which device") == true)
      #expect(ImageRules().findings(for: disk).first?.remedy?.contains("headroom reclaim") == true)
    }
    #expect(rules.findings(for: mounted).first?.remedy?.contains("headroom reclaim") == true)
  }

  @Test(
    "shares are whole percents",
    arguments: [
      (0, 100, "0 %"), (1, 1000, "<1 %"), (9, 1000, "<1 %"), (10, 1000, "1 %"), (46, 100, "46 %"), (999, 1000, "100 %"),
      (100, 100, "100 %"), (5, 0, "0 %"), (.max, .max, "100 %"),
    ] as [(Int64, Int64, String)])
  func sharesAreWholePercents(part: Int64, whole: Int64, text: String) {
    #expect(ImageRules.percent(ByteCount(part), of: ByteCount(whole)) == text)
  }

  @Test("a partition is called by its label, its name or its device")
  func aPartitionIsCalledByItsLabelItsNameOrItsDevice() {
    var partition = Samples.state()
    #expect(partition.name == "COS_STATE")
    partition.filesystemLabel = nil
    #expect(partition.name == "state")
    partition.partitionLabel = nil
    #expect(partition.name == "/dev/sda4")
    partition.filesystemLabel = "a\u{1B}[2J\u{10FFE9}"
    #expect(partition.name == "a\\x1b[2J\\xe9")
  }
}
