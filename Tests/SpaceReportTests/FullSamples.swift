import SpaceModel

@testable import SpaceReport

/// Documents in which everything that can be known is known.
extension Samples {
  /// - Parameter size: What every figure of bytes is, so that one test can have all of them larger than a double holds.
  static func full(_ size: ByteCount = .gibibytes(1)) -> Report {
    var partition = Partition(device: "/dev/sda4", state: .mounted, mountpoints: ["/run/initramfs/cos-state"])
    partition.filesystemLabel = "COS_STATE"
    partition.partitionLabel = "state"
    partition.filesystemType = "ext4"
    partition.wholeMountpoint = "/run/initramfs/cos-state"
    partition.isMountedReadOnly = true
    for key in [
      \Partition.sizeBytes, \.capacityBytes, \.freeBytes, \.availableBytes, \.usableBytes, \.blockBytes,
      \.clusterBytes, \.inodeBytes,
    ] { partition[keyPath: key] = size }
    partition.inodesFree = size.bytes
    partition.features = ["has_journal", "extent"]
    partition.needsRecovery = true
    partition.leftovers = [Partition.Leftover(path: "cOS/transition.imgTree", allocatedBytes: size)]
    partition.layout = layout
    partition.totals = Partition.Totals(allocatedBytes: size, reclaimableBytes: size)
    partition.images = [image(size)]
    var boot = BootState(mode: .active)
    boot.rootImage = "/run/initramfs/cos-state/cOS/active.img"
    boot.rootImageDeleted = false
    boot.upgradeFailure = true
    boot.upgradeRunning = ["elemental runs"]
    boot.upgradeMayRun = true
    boot.rebootPending = true
    var host = Report.Host()
    host.nodeName = "node-1"
    host.osID = "sle-micro"
    host.osName = "Harvester v1.4.0"
    host.product = "harvester"
    host.productVersion = "v1.4.0"
    host.architecture = "x86_64"
    var finding = Finding(
      .imageNotSparse, .warning, target: "COS_STATE:cOS/passive.img", message: "cOS/passive.img has no holes.",
      remedy: "fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img")
    finding.ignored = true
    return Report(
      generatedAt: "2026-02-03T04:05:06Z", tool: Report.Tool(name: "headroom", version: "1.2.3", command: .audit),
      host: host, boot: boot, limits: [Limit("device-timeout", "no answer in time from nbd0")],
      partitions: [partition], projections: [projection(size)], findings: [finding])
  }

  private static var layout: UpgradeLayout {
    var layout = UpgradeLayout(kind: .loopdevice)
    layout.snapshots = [UpgradeLayout.Snapshot(number: 2, path: ".snapshots/2/snapshot.img")]
    layout.activeSnapshot = 2
    layout.hasStateFile = true
    layout.maxSnapshots = 4
    layout.snapshotter = "btrfs"
    layout.activeFilesystem = "ext2"
    return layout
  }

  private static func image(_ size: ByteCount) -> ImageUsage {
    var image = ImageUsage(
      path: "cOS/passive.img", role: .passive, apparentBytes: size, allocatedBytes: size, mapSource: .fiemap)
    image.hardLinkOf = "cOS/active.img"
    for key in [
      \ImageUsage.dataBytes, \.holeBytes, \.unwrittenBytes, \.pastEofBytes, \.metadataBytes, \.sharedBytes,
      \.zeroBytes, \.reclaimableBytes,
    ] { image[keyPath: key] = size }
    image.reclaimableBasis = .scan
    image.reclaimableReasons = [.shared, .unitInferred]
    image.sparse = false
    image.extentCount = 3
    image.fragmentCount = 2
    image.inUse = ImageInUse(by: "loop0", writable: true)
    image.os = OperatingSystem(prettyName: "Harvester v1.4.0", version: "1.4.0")
    var inner = InnerFilesystem(filesystemType: "ext2")
    inner.filesystemLabel = "COS_PASSIVE"
    for key in [\InnerFilesystem.capacityBytes, \.usedBytes, \.freeBytes, \.staleBytes] { inner[keyPath: key] = size }
    image.inner = inner
    image.tree = census(size)
    image.map = HoleMap(cellBytes: size, cells: [.data, .data, .zero])
    var integrity = Integrity(state: .damaged, reason: "Parts of it were never written.", checked: ["holes", "zeros"])
    integrity.lostRegions = [[4096, 8192], [65_536, 131_072]]
    for key in [\Integrity.usedBytes, \.lostBytes, \.metadataLostBytes, \.dugBytes, \.unreachableBytes] {
      integrity[keyPath: key] = size
    }
    integrity.metadataLost = [Integrity.MetadataLoss(kind: .inodeTable, lostBytes: size)]
    integrity.unreachableInodes = size.bytes
    integrity.isUndecided = true
    var file = Integrity.File(path: "/etc/ssl/ca.pem", sizeBytes: size)
    file.suspect = true
    file.lostBytes = size
    file.allNul = true
    file.lostRanges = [[0, 4096]]
    file.intactCopy = "cOS/active.img"
    file.differs = ["mode"]
    integrity.files = [file]
    image.integrity = integrity
    return image
  }

  private static func census(_ size: ByteCount) -> TreeCensus {
    let demand = TreeDemand(
      filesystem: TreeFilesystem(.ext4, unitBytes: size), attributes: .withoutSELinux, fileBytes: size, mapBytes: size,
      directoryBytes: size, linkBytes: size, attributeBytes: size, pieces: size.bytes)
    return TreeCensus(
      inodes: size.bytes, directories: size.bytes, files: size.bytes, apparentBytes: size, demands: [demand])
  }

  private static func projection(_ size: ByteCount) -> Projection {
    var projection = Projection(
      filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "detected by its release",
      model: "two-copy", outcome: .silentCorruption, reason: "The image does not fit.")
    projection.device = "/dev/sda4"
    projection.target = "v1.8.1"
    var basis = Projection.Basis(kind: .payload, source: "rootfs.squashfs")
    for key in [
      \Projection.Basis.treeBytes, \.imageBytes, \.leastTreeBytes, \.leastImageBytes, \.nominalImageBytes,
    ] { basis[keyPath: key] = size }
    projection.basis = basis
    for key in [
      \Projection.usableBytes, \.needBytes, \.creditBytes, \.headroomBytes, \.highWaterMarkBytes, \.leastNeedBytes,
      \.mostHeadroomBytes, \.marginBytes, \.headroomByHandBytes,
    ] { projection[keyPath: key] = size }
    projection.peakStep = "fill transition.img"
    projection.outcomeByHand = .loudFailure
    projection.cause = .imageBlocks
    projection.lacks = .payload
    projection.isHopeless = true
    projection.isOptional = true
    projection.steps = [
      Projection.Step(
        name: "fill transition.img", changeBytes: size, usedBytes: size, freeBytes: .zero - size, source: "the payload")
    ]
    projection.whatIfs = [
      Projection.WhatIf(
        id: "dig-holes:cOS/passive.img", freesBytes: size, headroomBytes: size, outcome: .tight, risk: "none")
    ]
    projection.remedy = ["dig-holes:cOS/passive.img"]
    return projection
  }

  static func fullCard(_ size: ByteCount = .gibibytes(1)) -> PayloadCard {
    let digest = String(repeating: "0123456789abcdef", count: 8)
    return PayloadCard(
      generatedAt: "2026-02-03T04:05:06Z", tool: Report.Tool(name: "headroom", version: "1.2.3", command: .plan),
      profile: "harvester",
      sizes: [PayloadCard.Size(blockBytes: size, treeBytes: size, imageBytes: size, nominalImageBytes: size)],
      payload: Payload(
        source: Payload.Source(kind: .squashfs, path: "rootfs.squashfs", treeDigest: digest, fileBytes: size),
        system: Payload.System(
          osName: "Harvester v1.8.1", product: "harvester", productVersion: "v1.8.1", architecture: "x86_64",
          minUpgradableVersion: "v1.7.0"),
        excludes: ["/sys", FilePath(bytes: [0x2F, 0xFF])], census: census(size)))
  }

  /// A fleet report with every key.
  static func fullFleet(_ size: ByteCount = .gibibytes(1)) -> FleetReport {
    var report = full(size)
    report.findings = [
      Finding(.upgradeSpace, .critical, target: "COS_STATE", message: "It does not fit.", remedy: "Dig.")
    ]
    var node = FleetNode(report, source: "b.zip:nodes/a.zip:headroom/audit.json")
    node.verdict = .unknown
    node.reportedVerdict = .critical
    node.ageDoubt = .old
    node.command = .audit
    node.version = "v1.8.0"
    node.bootMode = .passive
    node.outcome = .silentCorruption
    node.headroomBytes = .zero - size
    node.reclaimableBytes = size
    node.finding = report.findings.first.map { FleetNode.Deciding($0) }
    node.otherFindings = 1
    node.incomplete = true
    node.superseded = 2
    node.conflictsWith = "c.json"
    node.integritySource = "d.json"
    node.integritySince = "2026-02-01T00:00:00Z"
    var counts = FleetReport.Counts()
    counts.nodes = 2
    counts.missing = 1
    return FleetReport(
      generatedAt: "2026-02-03T04:05:06Z", tool: Report.Tool(name: "headroom", version: "1.2.3", command: .audit),
      verdict: .critical, summary: "So it is.", maxAgeSeconds: 60, counts: counts, nodes: [node], missing: ["node-2"],
      unreadable: [FleetReport.Unreadable(source: "e.json", reason: "it is cut off")],
      topShortfalls: [FleetReport.Shortfall(name: "node-1", shortBytes: size)])
  }

  /// The same with every path not UTF-8.
  static var rawFleet: FleetReport {
    var fleet = fullFleet()
    let path = FilePath(bytes: [0x61, 0x2F, 0xFF, 0x25])
    fleet.nodes[0].source = path
    fleet.nodes[0].conflictsWith = path
    fleet.nodes[0].integritySource = path
    fleet.unreadable[0].source = path
    return fleet
  }

  /// With every path not UTF-8.
  static var raw: Report {
    var report = full()
    let path = FilePath(bytes: [0x61, 0x2F, 0xFF, 0x25])
    report.boot?.rootImage = path
    report.partitions[0].device = path
    report.partitions[0].mountpoints = [path]
    report.partitions[0].wholeMountpoint = path
    report.partitions[0].leftovers?[0].path = path
    report.partitions[0].layout?.snapshots?[0].path = path
    report.partitions[0].images?[0].path = path
    report.partitions[0].images?[0].hardLinkOf = path
    report.partitions[0].images?[0].integrity?.files?[0].path = path
    report.projections[0].device = path
    return report
  }
}
