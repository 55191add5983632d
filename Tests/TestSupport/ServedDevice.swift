import Foundation

/// A block device behind which a program can make trouble: a loop device on a file of FUSE (nbdfuse), which nbdkit serves
/// from the real file through its filters.
///
/// One request of the loop device is one request to nbdkit. That matters: where FUSE cuts a write in two, as it does through
/// the page cache when the write begins inside a page, and only the second part fails, the loop device takes the short
/// write for a whole one, and a block is lost without any error. So it uses direct I/O, and requests below the 1 MiB that
/// FUSE takes at once.
///
/// Taken apart by ``close()``, or when it goes away. Needs `nbdkit` and `nbdfuse`.
public final class ServedDevice {
  public enum Trouble: Sendable {
    /// While ``isFailing`` is set, so many of a hundred reads and writes end with EIO.
    case errors(reads: Int, writes: Int)
    /// Keeps what is written to itself until it is told to flush, as a disk with a volatile cache does.
    case volatileCache
  }

  /// The loop device.
  public var path: String { loop?.path ?? "" }
  private let scratch: ScratchDirectory
  private let file: String
  private let mark: String
  private let server: RunningCommand
  private var loop: LoopDevice?
  /// The loop device keeps it for whoever has it next.
  private var limit = ""
  private var oldLimit = ""

  public init(image: String, trouble: Trouble) throws {
    scratch = try ScratchDirectory()
    file = try scratch.write("", to: "disk")
    mark = scratch.file("failing")
    var words = [try Command.path(of: "nbdkit"), "--exit-with-parent", "--foreground"]
    switch trouble {
    case .errors(let reads, let writes):
      words += ["--filter=error", "file", image, "error=EIO", "error-file=\(mark)"]
      words += ["error-pread-rate=\(reads)%", "error-pwrite-rate=\(writes)%"]
    case .volatileCache:
      words += ["--filter=cache", "file", image, "cache=writeback", "cache-min-block-size=4096"]
    }
    // Each error that is made up is written to stderr, where nobody reads it.
    server = try Command.start(
      "sh",
      arguments: ["-c", "exec \"$@\" 2>/dev/null", "sh", try Command.path(of: "nbdfuse"), file, "["] + words + ["]"])
    for _ in 0..<600 where loop == nil {
      usleep(20_000)
      if try isMounted() { loop = try LoopDevice(image: file, directIO: true) }
    }
    guard let loop else { throw Command.Failure(description: "nbdfuse did not mount \(file)") }
    limit = "/sys/block/\(loop.name)/queue/max_sectors_kb"
    oldLimit = try String(contentsOfFile: limit, encoding: .utf8)
    try "512".write(toFile: limit, atomically: false, encoding: .utf8)
  }

  deinit { try? close() }

  /// Whether requests fail now, as far as the rates say so.
  public var isFailing: Bool {
    get { access(mark, F_OK) == 0 }
    set {
      if newValue { _ = try? scratch.write("", to: "failing") } else { unlink(mark) }
    }
  }

  public func close() throws {
    guard let device = loop else { return }
    loop = nil
    isFailing = false
    try oldLimit.write(toFile: limit, atomically: false, encoding: .utf8)
    try device.detach()
    // The kernel lets go of the loop device, and that of the file, a moment later.
    for _ in 0..<250 {
      guard try isMounted() else { break }
      if try Command.run("umount", file).status == 0 { break }
      usleep(40_000)
    }
    if try isMounted() { try Command.check("umount", "-l", file) }
    _ = try server.finish(timeout: .seconds(60))
  }

  private func isMounted() throws -> Bool {
    try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).contains(" \(file) fuse")
  }
}
