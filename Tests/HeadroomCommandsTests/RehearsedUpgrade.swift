import Foundation
import TestSupport

/// A COS_STATE in a file on which an upgrade with two copies was rehearsed as elemental does it: the tree unpacked beside
/// the image, the image written from it, the tree removed, the image renamed.
final class RehearsedUpgrade {
  /// How a rehearsal goes.
  struct Case: Sendable, CustomStringConvertible {
    /// Blocks of the image that find no room, in MiB; `nil`: there is room enough.
    var shortMiB: Int?
    /// The filesystem inside is written back now and then while rsync runs.
    var syncs = false

    var description: String { (shortMiB.map { "short by \($0) MiB" } ?? "room enough") + (syncs ? ", synced" : "") }

    static let short = [1, 5, 40, 150].flatMap { short in [false, true].map { Case(shortMiB: short, syncs: $0) } }
  }

  let scratch: ScratchDirectory
  let tree: String
  /// With the tree unpacked and nothing else done.
  private let unpacked: String
  /// What the finished image takes; known once there was room enough.
  private var imageBytes: Int?
  private static let nominal = 3 << 30

  init(of kind: RehearsedTree) throws {
    scratch = try ScratchDirectory()
    tree = try kind.make(in: scratch)
    unpacked = try LoopMount.makeFilesystem(
      "ext4", in: scratch, name: "unpacked.img", sizeMiB: 4096, mkfsArguments: ["-L", "COS_STATE"])
    let tree = tree
    try LoopMount.with(image: unpacked, type: "ext4") { state, _ in
      try Command.check("mkdir", "-p", "\(state)/cOS/transition.imgTree")
      try Command.check(
        "rsync", arguments: Self.rsync + ["\(tree)/", "\(state)/cOS/transition.imgTree/"], timeout: .seconds(600))
    }
  }

  private static let rsync = ["--archive", "--xattrs", "--acls"]

  /// Does it, and gives the partition's file.
  ///
  /// Where the filesystem inside is written back meanwhile, rsync may come upon a lost block and say so (status 23). That
  /// is no silent loss, and is done again: the more is missing the likelier.
  func run(_ row: Case) throws -> String {
    if row.shortMiB != nil, imageBytes == nil { _ = try run(Case()) }
    for _ in 0..<20 {
      if let file = try attempt(row) { return file }
    }
    throw Unexpected("\(row): rsync failed each time")
  }

  private func attempt(_ row: Case) throws -> String? {
    var isLoud = false
    let file = scratch.file("state.img")
    try Command.check("cp", "--sparse=always", unpacked, file, timeout: .seconds(300))
    try LoopMount.with(image: file, type: "ext4") { state, device in
      let image = "\(state)/cOS/transition.img"
      try Command.check("truncate", "-s", "\(Self.nominal)", image)
      try Command.check("mkfs.ext2", "-q", "-L", "COS_ACTIVE", image)
      try Command.check("sync", "-f", state)
      let before = try usable(state, device)
      if let short = row.shortMiB, let imageBytes {
        try Command.check("fallocate", "-l", "\(before - imageBytes + short << 20)", "\(state)/ballast")
        try Command.check("sync", "-f", state)
      }
      try LoopMount.with(image: image, type: "ext2") { inner, _ in
        let syncing =
          row.syncs
          ? try Command.start("sh", arguments: ["-c", "while :; do sync -f \(inner); sleep 0.5; done"]) : nil
        let result = try Command.run(
          "rsync", arguments: Self.rsync + ["\(state)/cOS/transition.imgTree/", "\(inner)/"], timeout: .seconds(600))
        syncing?.signal(SIGKILL, wholeGroup: true)
        _ = try syncing?.finish()
        isLoud = row.syncs && row.shortMiB != nil && result.status == 23
        guard result.status == 0 || isLoud else { throw Unexpected(result.description) }
      }
      try Command.check("sync", "-f", state)
      if row.shortMiB == nil { imageBytes = try before - usable(state, device) }
      try Command.check("rm", "-r", "\(state)/cOS/transition.imgTree")
      try Command.check("sync", "-f", state)
      try Command.check("mv", image, "\(state)/cOS/active.img")
      try Command.check("sync", "-f", state)
    }
    return isLoud ? nil : file
  }

  /// Free for root: `f_bfree` less the clusters that ext4 never gives away.
  private func usable(_ state: String, _ device: String) throws -> Int {
    var raw = statvfs()
    guard statvfs(state, &raw) == 0 else { throw Unexpected("statvfs failed") }
    let name = device.split(separator: "/").last ?? ""
    let held = try String(contentsOfFile: "/sys/fs/ext4/\(name)/reserved_clusters", encoding: .utf8)
    let clusters = Int(held.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    return (Int(raw.f_bfree) - clusters) * Int(raw.f_frsize)
  }
}
