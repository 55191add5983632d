import Foundation

/// What writes: digging holes, and copying.
enum WriteRows {
  static let rows = [reclaim, copy(dense: true), copy(dense: false)]

  private static let reclaim = Row(
    name: "reclaim", title: "reclaim --apply on a dense image", tools: ["fallocate"]
  ) { bench in
    let image = try bench.image(0).dense
    var trial = Trial(
      contenders: [
        digging("headroom reclaim --apply", .headroom, image, bench) { [bench.headroom, "reclaim", "--apply", $0] },
        digging("fallocate --dig-holes", .peer, image, bench) { ["fallocate", "--dig-holes", $0] },
      ],
      targets: [.faster(1.4, than: "fallocate --dig-holes"), .sameAllocation])
    let ours = trial.contenders[0]
    trial.agreement = { try unchanged(image, by: ours, at: copyPath(ours.role, bench), bench) }
    return trial
  }

  /// Each digs into a copy of its own, made anew for each sample and on the disk before the clock starts.
  private static func digging(
    _ name: String, _ role: Contender.Role, _ image: String, _ bench: Bench, _ command: (String) -> [String]
  ) -> Contender {
    let copy = copyPath(role, bench)
    var contender = Contender(name, role, command(copy))
    contender.before = {
      try bench.workplace.remove(copy)
      try Command.run(["cp", "--sparse=never", image, copy])
      try Command.run(["sync", copy])
    }
    contender.after = { try taken(copy, bench) }
    return contender
  }

  private static func copyPath(_ role: Contender.Role, _ bench: Bench) -> String {
    bench.workplace.temporary("\(role).img")
  }

  private static func copy(dense: Bool) -> Row {
    Row(
      name: dense ? "copy-dense" : "copy-sparse",
      title: "copy of a \(dense ? "dense" : "sparse") image, on the disk at the end",
      tools: ["cp", "qemu-img", "nbdcopy"]
    ) { bench in
      let image = try bench.image(0)
      let source = dense ? image.dense : try image.sparse()
      try bench.warm(source)
      let peers: [(String, (String) -> [String])] = [
        ("cp --sparse=always", { ["cp", "--sparse=always", source, $0] }),
        ("cp", { ["cp", source, $0] }),
        (
          "qemu-img convert",
          { ["qemu-img", "convert", "-f", "raw", "-O", "raw", "-m", "16", "-W", "-S", "4k", source, $0] }
        ),
        ("nbdcopy", { ["nbdcopy", "-S", "4096", source, $0] }),
      ]
      var contenders = [copying("headroom copy", .headroom, bench) { [bench.headroom, "copy", source, $0] }]
      // A plain cp of a dense image leaves out no zeros: no match.
      contenders += peers.filter { !dense || $0.0 != "cp" }.map { copying($0.0, .peer, bench, $0.1) }
      let names = contenders.dropFirst().map(\.name)
      var trial = Trial(contenders: contenders, targets: [.faster(1, thanFastestOf: names), .neverMoreAllocated])
      let ours = contenders[0]
      trial.agreement = { try unchanged(source, by: ours, at: bench.workplace.temporary("copy.img"), bench) }
      return trial
    }
  }

  /// `headroom copy` syncs what it wrote; the others have `sync FILE` in the timed region.
  private static func copying(
    _ name: String, _ role: Contender.Role, _ bench: Bench, _ command: (String) -> [String]
  ) -> Contender {
    let destination = bench.workplace.temporary("copy.img")
    var contender = Contender(name, role, command(destination))
    if role != .headroom { contender.commands.append(["sync", destination]) }
    contender.before = {
      try bench.workplace.remove(destination)
      // So that what the removal freed is not discarded while the next one is timed.
      try Command.run(["sync", "-f", bench.workplace.path])
    }
    contender.after = { try taken(destination, bench) }
    return contender
  }

  /// Runs it once and compares every byte of what it left with the image.
  private static func unchanged(
    _ image: String, by contender: Contender, at result: String, _ bench: Bench
  ) throws -> String {
    try contender.before()
    for command in contender.commands { try Command.run(command, discarding: true) }
    try Command.run(["cmp", image, result], discarding: true)
    try bench.workplace.remove(result)
    return "the same bytes"
  }

  /// What the file takes; then it goes.
  private static func taken(_ path: String, _ bench: Bench) throws -> Int {
    let bytes = try Workplace.allocated(path)
    try bench.workplace.remove(path)
    return bytes
  }
}
