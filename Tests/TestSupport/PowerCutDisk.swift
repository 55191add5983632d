import Foundation

/// A disk of which one can have at any moment what it would hold if the power were cut then.
///
/// It is a file on an xfs, and a cut is a reflinked copy of it: the kernel keeps writers out for as long as that takes, so
/// that the copy shows one single moment. How true that is to a real disk depends on what lies above the file:
/// - ``Cache/none``: a loop device on the file. What it has called written is in the copy, what is under way may be in part
///   (a request is written page by page). That is a disk without a cache, or with one that outlives the cut. It makes no
///   difference whether the loop device uses the page cache: reflinking writes that back first.
/// - ``Cache/volatile``: nbdkit keeps all that is written in memory of its own, and puts it into the file only while a
///   flush runs, in the order of places and not of time. So whatever was not flushed is lost, and a cut during a flush
///   finds any part of it. That is the worst that a disk may do that keeps its word.
public final class PowerCutDisk {
  public enum Cache: String, Sendable, CaseIterable {
    case none = "no cache"
    case volatile = "volatile cache"
  }

  private let scratch: ScratchDirectory
  private let loop: LoopDevice
  private let xfs: Mount
  private let cache: Cache
  private var file: String { "\(xfs.mountpoint)/disk" }
  private var pristine: String { "\(xfs.mountpoint)/pristine" }

  /// - Parameter fill: Is given a mountpoint of the new ext4, to put there what each run starts from.
  public init(
    sizeMiB: Int, cache: Cache, mkfsArguments: [String] = [], fill: (_ mountpoint: String) throws -> Void
  ) throws {
    self.cache = cache
    scratch = try ScratchDirectory()
    let under = try LoopMount.makeFilesystem(
      "xfs", in: scratch, sizeMiB: max(512, sizeMiB * 4), mkfsArguments: ["-m", "reflink=1"])
    loop = try LoopDevice(image: under)
    xfs = try Mount(device: loop.path, type: "xfs")
    try Command.check("truncate", "-s", "\(sizeMiB)M", pristine)
    try Command.check("mkfs.ext4", arguments: ["-q", "-F"] + mkfsArguments + [pristine])
    try LoopMount.with(image: pristine, type: "ext4") { mountpoint, _ in
      try fill(mountpoint)
      try Command.check("sync", "-f", mountpoint)
    }
  }

  deinit {
    try? xfs.unmount()
    try? loop.detach()
  }

  /// Mounts it as ``init(sizeMiB:cache:mkfsArguments:fill:)`` has left it.
  ///
  /// - Parameter body: Is given the mountpoint, and what cuts the power and gives the file that the disk then is.
  public func run<Value>(
    options: [String] = [], _ body: (_ mountpoint: String, _ cut: () throws -> String) throws -> Value
  ) throws -> Value {
    try Command.check("cp", "--reflink=always", pristine, file)
    var number = 0
    func cut() throws -> String {
      number += 1
      let snapshot = "\(xfs.mountpoint)/cut-\(number)"
      try Command.check("cp", "--reflink=always", file, snapshot)
      return snapshot
    }
    switch cache {
    case .none:
      return try LoopMount.with(image: file, type: "ext4", options: options) { mountpoint, _ in
        try body(mountpoint, cut)
      }
    case .volatile:
      let device = try ServedDevice(image: file, trouble: .volatileCache)
      let value = try LoopMount.withMount(device: device.path, type: "ext4", options: options) { try body($0, cut) }
      try device.close()
      return value
    }
  }

  /// Forgets a cut.
  public func remove(_ snapshot: String) throws { try Command.check("rm", snapshot) }
}
