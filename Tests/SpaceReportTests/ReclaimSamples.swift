import SpaceModel

@testable import SpaceReport

/// What `reclaim` and `copy` can say, all of it.
extension Samples {
  static func fullReclaim(_ size: ByteCount = .gibibytes(1)) -> ReclaimReport {
    var image = ReclaimReport.Image(path: "/state/cOS/passive.img")
    image.state = .done
    for key in [
      \ReclaimReport.Image.zeroBytes, \.unitBytes, \.rangeBytes, \.reclaimable, \.gain, \.leastGain, \.allocatedBefore,
    ] { image[keyPath: key] = size }
    for key in [\ReclaimReport.Image.punchedBytes, \.changedBytes, \.allocatedAfter] { image[keyPath: key] = size }
    image.rangeCount = 3
    image.reasons = [.shared, .encoded]
    image.objections = [ReclaimObjection(.open, "process 7 (cat) has it open", forced: true)]
    image.lease = .held
    image.contentUnchanged = true
    image.notes = ["loop0 reads it, and cannot write to it."]
    var filesystem = ReclaimReport.Filesystem(device: "/dev/sda4", isMountedReadOnly: true, freeBefore: size)
    filesystem.label = "COS_STATE"
    filesystem.type = "ext4"
    filesystem.mountpoint = "/state"
    filesystem.remounted = true
    filesystem.leftWritable = true
    filesystem.freeAfter = size
    filesystem.images = [image]
    filesystem.projectionsBefore = full(size).projections
    filesystem.projectionsAfter = full(size).projections
    filesystem.notes = ["A deleted file is still open."]
    var report = ReclaimReport(
      generatedAt: "2026-02-03T04:05:06Z", toolName: "headroom", toolVersion: "1.2.3", applied: true)
    report.filesystems = [filesystem]
    return report
  }

  /// With paths that are not UTF-8.
  static var rawReclaim: ReclaimReport {
    var report = fullReclaim()
    report.filesystems[0].device = FilePath(bytes: [0x2F, 0xFF])
    report.filesystems[0].mountpoint = FilePath(bytes: [0x2F, 0xFE])
    report.filesystems[0].images[0].path = FilePath(bytes: [0x2F, 0xFD])
    return report
  }

  /// One with all that can be said of a copy, one whose label was removed, and one with as little as can be.
  static func copies(_ size: ByteCount = .gibibytes(1)) -> [CopyResult] {
    let plain = CopyResult(
      source: "active.img", destination: "passive.img", method: .reflink, apparentBytes: size, copiedBytes: size,
      holeBytes: size, dugBytes: size, sourceAllocatedBytes: size, allocatedBytes: size)
    var full = plain
    full.source = FilePath(bytes: [0xFF])
    full.destination = FilePath(bytes: [0xFE])
    full.method = .sparse
    full.replacedAllocatedBytes = size
    full.label = "COS_PASSIVE"
    full.verification = CopyResult.Verification(source: "direct", destination: "memory")
    full.notKept = ["owner"]
    var unlabelled = plain
    unlabelled.label = ""
    return [full, unlabelled, plain]
  }
}
