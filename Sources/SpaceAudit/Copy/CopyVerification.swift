import Glibc
import LinuxStorage
import SpaceModel
import Synchronization

/// Compares a copy with its source, every byte of both, holes too: what a map left out would not be missed by the same
/// map.
struct CopyVerification: Sendable {
  let source: DiskReader
  let copy: DiskReader
  let size: UInt64
  /// What the copy has instead of the source's bytes: the superblocks that carry its new label.
  let replaced: [Replaced]
  let path: FilePath
  let monitor: AuditMonitor

  struct Replaced: Sendable {
    var start: UInt64
    var bytes: [UInt8]
  }

  private static let pieceBytes: UInt64 = 1 << 20
  private static let workers = 2

  private final class Shared: Sendable {
    let next = Atomic<Int>(0)
    let failure = Mutex<StorageError?>(nil)
  }

  /// - Throws: ``StorageError``: `.corrupt` where they differ.
  func run() throws(StorageError) {
    let shared = Shared()
    let count = Int(clamping: (size + Self.pieceBytes - 1) / Self.pieceBytes)
    WorkerThreads.run(min(Self.workers, max(1, count))) {
      let room = UnsafeMutableRawBufferPointer.allocate(
        byteCount: 2 * Int(Self.pieceBytes), alignment: DiskReader.alignment)
      defer { room.deallocate() }
      while true {
        let index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < count, shared.failure.withLock({ $0 == nil }) else { return }
        do throws(StorageError) { try compare(UInt64(index) * Self.pieceBytes, room) } catch {
          shared.failure.withLock { if $0 == nil { $0 = error } }
        }
      }
    }
    if let failure = shared.failure.withLock({ $0 }) { throw failure }
  }

  private func compare(_ start: UInt64, _ room: UnsafeMutableRawBufferPointer) throws(StorageError) {
    if monitor.isCancelled() {
      throw StorageError(.cancelled, operation: "verify", path: path, message: "it was cancelled")
    }
    let half = Int(Self.pieceBytes)
    let wanted = UnsafeMutableRawBufferPointer(rebasing: room[..<half])
    let found = UnsafeMutableRawBufferPointer(rebasing: room[half...])
    let length = Int(min(Self.pieceBytes, size - start))
    let gotWanted = try source.read(into: wanted, at: start)
    let gotFound = try copy.read(into: found, at: start)
    guard gotWanted == length, gotFound == length else { throw differs(at: start + UInt64(min(gotWanted, gotFound))) }
    let piece = ByteRange(start: start, length: UInt64(length))
    for part in replaced {
      guard let both = ByteRange(start: part.start, length: UInt64(part.bytes.count)).intersection(piece) else {
        continue
      }
      for offset in both.start..<both.end { wanted[Int(offset - start)] = part.bytes[Int(offset - part.start)] }
    }
    guard let left = wanted.baseAddress, let right = found.baseAddress, memcmp(left, right, length) == 0 else {
      let offset = (0..<length).first { wanted[$0] != found[$0] } ?? 0
      throw differs(at: start + UInt64(offset))
    }
    monitor.onRead(piece.length)
  }

  private func differs(at offset: UInt64) -> StorageError {
    StorageError(
      .corrupt, operation: "copy to", path: path,
      message: "what was read back differs from the source at byte \(offset)",
      hint: "Look for I/O errors in the kernel log (dmesg) and check the disk and the memory.")
  }
}
