import Synchronization

/// A worker's memory, there once something must be read.
final class ScanBuffer {
  /// The size that all scans but those of very large allocation units ask for.
  static let usualBytes = 2 << 20

  private let count: Int
  private var allocated: UnsafeMutableRawPointer?
  /// One of the usual size that is done with, for the next scan: of many small files, fresh memory would cost more page
  /// faults than the files have pages. Its address; 0: none. Whoever takes it has it alone.
  private static let spare = Atomic<UInt>(0)

  init(_ count: Int) { self.count = count }

  deinit {
    guard let allocated else { return }
    (count == Self.usualBytes ? Self.exchangeSpare(for: allocated) : allocated)?.deallocate()
  }

  var memory: UnsafeMutableRawBufferPointer {
    let memory = allocated ?? takeSpare() ?? .allocate(byteCount: count, alignment: 4096)
    allocated = memory
    return UnsafeMutableRawBufferPointer(start: memory, count: count)
  }

  private func takeSpare() -> UnsafeMutableRawPointer? { count == Self.usualBytes ? Self.exchangeSpare(for: nil) : nil }

  private static func exchangeSpare(for memory: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: spare.exchange(UInt(bitPattern: memory), ordering: .acquiringAndReleasing))
  }
}
