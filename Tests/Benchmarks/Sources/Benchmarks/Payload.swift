import Foundation

/// A squashfs with many inodes, and the partition that an upgrade with it would go to.
struct Payload {
  let squashfs: String
  let inodes: Int
  private let state: String

  init(inodes: Int, in workplace: Workplace) throws {
    self.inodes = inodes
    squashfs = try workplace.workload("payload-\(inodes).squashfs") { path in
      let tree = path + ".tree"
      defer { try? workplace.remove(tree) }
      var bytes = RandomBytes(seed: 23, capacity: 16 << 10)
      var random = Random(29)
      // A directory to 200 files; 3 of 200 are symbolic links.
      for number in 0..<(inodes - inodes / 200) {
        let directory = "\(tree)/usr/share/package-\(number / 200)"
        if number.isMultiple(of: 200) {
          try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        let file = "\(directory)/a-file-with-a-name-\(number)"
        if number % 200 >= 197 {
          try FileManager.default.createSymbolicLink(
            atPath: file, withDestinationPath: "a-file-with-a-name-\(number - 5)")
        } else {
          let writer = try Writer(file)
          try bytes.with(Int(random.next() % 8192)) { try writer.write($0, at: 0) }
          try writer.close()
        }
      }
      try Command.run(["mksquashfs", tree, path, "-comp", "zstd", "-noappend", "-no-progress", "-quiet"])
    }
    state = try workplace.workload("state.img") { path in
      try Command.run(["truncate", "-s", "8G", path])
      try Command.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "COS_STATE", path])
    }
  }

  /// What asks how large the payload's tree becomes.
  func plan(with bench: Bench, json: Bool = false) -> [String] {
    [bench.headroom, "plan", "--disk", state, "--incoming", squashfs] + (json ? ["--json"] : [])
  }

  /// As many inodes as unsquashfs lists.
  func agreement(with bench: Bench) throws -> String {
    let card = bench.workplace.temporary("card.json")
    defer { try? bench.workplace.remove(card) }
    try Command.run(plan(with: bench) + ["--save-payload", card], statuses: [0, 1, 2], discarding: true)
    guard let text = FileManager.default.contents(atPath: card),
      let document = try JSONSerialization.jsonObject(with: text) as? [String: Any]
    else { throw Failure("no payload card was written") }
    let listed = try Command.run(["unsquashfs", "-ll", squashfs]).split(separator: "\n").count
    let counted = Self.numbers(named: "inode", in: document)
    guard counted.contains(where: { abs($0 - listed) <= 1 }) else {
      throw Failure("unsquashfs lists \(listed) inodes, the payload card has \(counted)")
    }
    return "\(Scale.words(count: listed)) inodes"
  }

  private static func numbers(named part: String, in value: Any) -> [Int] {
    if let dictionary = value as? [String: Any] {
      return dictionary.flatMap { key, value in
        key.contains(part) ? [value as? Int].compactMap { $0 } : numbers(named: part, in: value)
      }
    }
    return (value as? [Any])?.flatMap { numbers(named: part, in: $0) } ?? []
  }
}
