import Foundation
import TestSupport

/// The two-copy upgrade as elemental does it, for real, on a COS_STATE of its own, with free space sampled all along.
final class Rehearsal {
  /// What was seen, in bytes.
  struct Measured: CustomStringConvertible {
    var tree = 0
    var image = 0
    var need = 0
    /// Exit codes: rsync to the tree, mkfs, mount, rsync to the image, umount.
    var codes: [Int32] = []
    /// What rsync and mkfs said first.
    var errors = ""

    var allZero: Bool { codes.count == 5 && codes.allSatisfy { $0 == 0 } }
    var description: String { "T=\(tree) A=\(image) need=\(need) codes=\(codes) \(errors)" }
  }

  let scratch: ScratchDirectory
  let blockBytes: Int
  private let file: String
  private let device: LoopDevice
  private let mount: Mount
  private var state: String { mount.mountpoint + "/cOS" }

  init(sizeMiB: Int, blockBytes: Int) throws {
    scratch = try ScratchDirectory()
    self.blockBytes = blockBytes
    file = try LoopMount.makeFilesystem(
      "ext4", in: scratch, name: "disk.img", sizeMiB: sizeMiB,
      mkfsArguments: ["-b", "\(blockBytes)", "-L", "COS_STATE"])
    device = try LoopDevice(image: file)
    mount = try Mount(device: device.path, type: "ext4")
    try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
    try settle()
  }

  /// Free for root, the clusters ext4 holds back included.
  private func free() -> Int {
    var raw = statvfs()
    guard statvfs(mount.mountpoint, &raw) == 0 else { return -1 }
    return Int(raw.f_bfree) * Int(raw.f_frsize)
  }

  /// f_bfree less the clusters the kernel keeps for itself.
  var usable: Int {
    let setting = "/sys/fs/ext4/\(device.name)/reserved_clusters"
    let text = (try? String(contentsOfFile: setting, encoding: .utf8)) ?? ""
    return free() - (Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) * blockBytes
  }

  private func settle() throws {
    try Command.check("sync", "-f", mount.mountpoint)
  }

  /// Leaves `bytes` usable.
  func fill(leaving bytes: Int) throws {
    try settle()
    let ballast = mount.mountpoint + "/ballast"
    try Command.check("fallocate", "-l", "\(max(0, usable - bytes))", ballast)
    try settle()
    // Extent blocks of the ballast itself: take them off again.
    let over = usable - bytes
    if over < 0 {
      let size = (try FileManager.default.attributesOfItem(atPath: ballast)[.size] as? Int) ?? 0
      try Command.check("truncate", "-s", "\(size + over)", ballast)
      try settle()
    }
  }

  static let excludes = ["/mnt", "/proc", "/sys", "/dev", "/tmp", "/host", "/run"]

  /// The steps up to the finished image; the first that fails ends it, as it does elemental.
  func upgrade(from source: String, nominal: Int) throws -> Measured {
    var measured = Measured()
    let before = free()
    let low = Lowest(before)
    let sampler = Thread { [mountpoint = mount.mountpoint] in
      while !low.isDone {
        var raw = statvfs()
        if statvfs(mountpoint, &raw) == 0 { low.see(Int(raw.f_bfree) * Int(raw.f_frsize)) }
        usleep(20_000)
      }
    }
    sampler.start()
    defer { low.finish() }

    let tree = state + "/transition.imgTree"
    let image = state + "/transition.img"
    try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
    let rsync = ["--progress", "--partial", "--human-readable", "--archive", "--xattrs", "--acls"]
    let first = try Command.run(
      "rsync", arguments: rsync + Self.excludes.map { "--exclude=\($0)" } + [source + "/", tree + "/"],
      timeout: .seconds(900))
    measured.codes.append(first.status)
    measured.errors = String(first.errors.prefix(200))
    try settle()
    measured.tree = before - free()
    guard first.status == 0 else { return measured }

    try Command.check("truncate", "-s", "\(nominal)", image)
    let mkfs = try Command.run("mkfs.ext2", "-L", "COS_ACTIVE", image)
    measured.codes.append(mkfs.status)
    guard mkfs.status == 0 else {
      measured.errors = String(mkfs.errors.prefix(200))
      return measured
    }
    do {
      let loop = try LoopDevice(image: image)
      let inner = try Mount(device: loop.path, type: "ext2")
      measured.codes.append(0)
      let second = try Command.run(
        "rsync", arguments: rsync + [tree + "/", inner.mountpoint + "/"], timeout: .seconds(900))
      measured.codes.append(second.status)
      measured.errors = String(second.errors.prefix(200))
      try inner.unmount()
      measured.codes.append(0)
      try loop.detach()
    } catch {
      measured.codes.append(32)
      measured.errors = "\(error)"
      return measured
    }
    try settle()
    low.see(free())
    var status = stat()
    if stat(image, &status) == 0 { measured.image = Int(status.st_blocks) * 512 }
    measured.need = before - low.value
    return measured
  }

  /// The last steps: the tree goes, the image takes its place.
  func finish() throws {
    try Command.check("rm", "-rf", state + "/transition.imgTree")
    try Command.check("mv", "-f", state + "/transition.img", state + "/active.img")
    try settle()
  }

  /// Whether the new image holds what the source does, read from the disk and not from any cache.
  func imageIsWhole(source: String) throws -> Bool {
    try Command.check("sync")
    try Command.check("sh", "-c", "echo 3 > /proc/sys/vm/drop_caches")
    let image = FileManager.default.fileExists(atPath: state + "/active.img") ? "/active.img" : "/transition.img"
    let loop = try LoopDevice(image: state + image, readOnly: true)
    guard let inner = try? Mount(device: loop.path, type: "ext2", options: ["ro"]) else { return false }
    let result = try Command.run(
      "rsync",
      arguments: ["--archive", "--checksum", "--dry-run", "--itemize-changes", "--acls", "--xattrs"]
        + Self.excludes.map { "--exclude=\($0)" } + [source + "/", inner.mountpoint + "/"], timeout: .seconds(900))
    let same = result.status == 0 && !result.text.split(separator: "\n").contains { !$0.hasPrefix(".d..t") }
    try inner.unmount()
    try loop.detach()
    return same
  }

  func close() throws {
    try mount.unmount()
    try device.detach()
  }
}

/// The lowest of many samples, from two threads.
private final class Lowest: @unchecked Sendable {
  private let lock = NSLock()
  private var lowest: Int
  private var done = false

  init(_ value: Int) { lowest = value }

  var value: Int { lock.withLock { lowest } }
  var isDone: Bool { lock.withLock { done } }
  func see(_ value: Int) { lock.withLock { lowest = min(lowest, value) } }
  func finish() { lock.withLock { done = true } }
}
