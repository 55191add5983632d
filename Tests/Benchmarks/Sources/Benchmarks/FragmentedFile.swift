import Foundation

/// A file of 4 KiB of data and 4 KiB of hole, again and again: an extent each, and the most a map can have.
enum FragmentedFile {
  static let block = 4096

  /// On the scratch filesystem.
  static func make(extents: Int, in workplace: Workplace) throws -> String {
    try workplace.workload("fragmented-\(extents).raw") { try write(extents, to: $0) }
  }

  /// The same file as /big inside an ext4 of its own. Root: it is mounted to be written.
  static func makeInside(extents: Int, in workplace: Workplace) throws -> String {
    try workplace.workload("fragmented-\(extents).ext4") { image in
      let mebibytes = extents / 200 + extents / 2000 + 64
      try Command.run(["truncate", "-s", "\(mebibytes)M", image])
      try Command.run(["mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-E", "nodiscard", image])
      try mounted(image, at: workplace.temporary("mount"), options: "loop") { try write(extents, to: "\($0)/big") }
    }
  }

  /// Mounts, calls, unmounts.
  static func mounted(_ image: String, at point: String, options: String, _ body: (String) throws -> Void) throws {
    try mount(image, at: point, options: options)
    defer { unmount(point) }
    try body(point)
  }

  static func mount(_ image: String, at point: String, options: String) throws {
    try FileManager.default.createDirectory(atPath: point, withIntermediateDirectories: true)
    try Command.run(["mount", "-o", options, image, point])
  }

  static func unmount(_ point: String) {
    do { try Command.run(["umount", point]) } catch { note("\(error)") }
    rmdir(point)
  }

  private static func write(_ extents: Int, to path: String) throws {
    let writer = try Writer(path)
    var bytes = RandomBytes(seed: 7, capacity: block)
    try writer.truncate(to: extents * 2 * block)
    for index in 0..<extents {
      try bytes.with(block) { try writer.write($0, at: index * 2 * block) }
    }
    try writer.finish()
  }
}
