import Foundation

/// What a node's timer runs: the quick audit, the estimate, the check of an image, a payload.
enum NodeRows {
  static let rows = [auditQuick, estimate, verify, payload]

  /// The demo disk, and where its COS_STATE starts.
  private static func nodeDisk(_ bench: Bench) throws -> String {
    try bench.workplace.workload("node-disk.img") {
      try Command.run(["\(bench.workplace.repository)/Fixtures/node-disk", $0], discarding: true)
    }
  }

  private static let auditQuick = Row(
    name: "audit-quick", title: "audit --quick of the demo node's disk", tools: ["blkid", "dumpe2fs"]
  ) { bench in
    let disk = try nodeDisk(bench)
    try bench.warm(disk)
    let table = try Command.run(["sfdisk", "--dump", disk])
    guard let line = table.split(separator: "\n").first(where: { $0.contains("name=\"state\"") }),
      let start = line.split(whereSeparator: { " =,".contains($0) }).compactMap({ Int($0) }).first
    else { throw Failure("the demo disk has no partition 'state'") }
    let peer = "blkid -p + dumpe2fs -h"
    return Trial(
      contenders: [
        Contender("headroom audit --quick", .headroom, [bench.headroom, "audit", "--quick", "--disk", disk]),
        Contender(peer, .peer, ["blkid", "-p", disk], ["dumpe2fs", "-h", "\(disk)?offset=\(start * 512)"]),
      ],
      targets: [.atMost(2, times: peer), .wall(under: 12), .memory(under: 16)])
  }

  private static let estimate = Row(
    name: "estimate", title: "what a dense image would give back, without reading its data"
  ) { bench in
    let image = try bench.image(0).dense
    try bench.warm(image)
    let arguments = ["audit", "--json", "--image", image]
    let full = try reclaimable(bench, arguments)
    let quick = try reclaimable(bench, arguments + ["--quick"])
    let error = 100 * abs(Double(quick - full)) / Double(max(1, full))
    return Trial(
      contenders: [
        Contender("headroom audit --quick", .headroom, [bench.headroom, "audit", "--quick", "--image", image]),
        Contender("headroom audit", .reference, [bench.headroom, "audit", "--image", image]),
      ],
      targets: [
        .wall(under: 10),
        Target(text: "within 3 % of the full scan") { _ in
          .init(value: "\(quick) of \(full), \(rounded(error)) % off", met: error <= 3)
        },
      ])
  }

  private static func reclaimable(_ bench: Bench, _ arguments: [String]) throws -> Int {
    let report = try bench.json(arguments) as? [String: Any]
    let partition = (report?["partitions"] as? [[String: Any]])?.first
    let images = partition?["images"] as? [[String: Any]]
    guard let bytes = images?.first?["reclaimable_bytes"] as? Int else {
      throw Failure("'headroom audit --json' says nothing of reclaimable bytes")
    }
    return bytes
  }

  private static let verify = Row(
    name: "verify", title: "verify --quick of an image full of files", tools: ["e2fsck"]
  ) { bench in
    let image = try bench.image(0)
    try bench.warm(image.dense)
    var trial = Trial(
      contenders: [
        Contender("headroom verify --quick", .headroom, [bench.headroom, "verify", "--quick", image.dense]),
        Contender("e2fsck -fn", .peer, ["e2fsck", "-fn", image.dense]),
      ],
      targets: [.faster(3, than: "e2fsck -fn")])
    trial.agreement = { "\(Scale.words(count: image.files)) files, both say clean" }
    return trial
  }

  private static let payload = Row(
    name: "payload", title: "measuring a squashfs payload", tools: ["unsquashfs", "mksquashfs", "mke2fs"]
  ) { bench in
    let payload = try Payload(inodes: bench.scale.payloadInodes, in: bench.workplace)
    let plan = payload.plan(with: bench)
    var trial = Trial(
      contenders: [
        Contender("headroom plan --incoming", .headroom, plan, statuses: [0, 1, 2]),
        Contender("unsquashfs -ll", .peer, ["unsquashfs", "-ll", payload.squashfs]),
      ],
      targets: [.faster(1, than: "unsquashfs -ll")])
    trial.agreement = { try payload.agreement(with: bench) }
    return trial
  }
}
