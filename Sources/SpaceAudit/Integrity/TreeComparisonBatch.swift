import FilesystemReader
import ImageIntegrity
import LinuxStorage
import SpaceModel
import Synchronization

/// Files that are compared by workers, in the order they lie in the payload: a squashfs keeps the ends of many files in one
/// block, which is unpacked once then.
struct TreeComparisonBatch {
  /// Names that are gathered before they are read.
  static let size = 32_768
  /// Files that a worker takes at a time.
  private static let share = 64

  struct Item: Sendable {
    var path: FilePath
    /// ``TreeRecord/node`` in each.
    var image: UInt64
    var payload: UInt64
    var size: UInt64
    /// In the payload.
    var place: UInt64
  }

  let image: ContentsOrigin
  let payload: ContentsOrigin
  let workers: Int
  private(set) var items: [Item] = []

  init(image: ContentsOrigin, payload: ContentsOrigin, workers: Int) {
    self.image = image
    self.payload = payload
    self.workers = workers
  }

  var isFull: Bool { items.count >= Self.size }

  mutating func add(_ item: Item) { items.append(item) }

  /// Compares what was added and forgets it.
  mutating func run(_ result: inout TreeComparisonResult) throws(StorageError) {
    guard !items.isEmpty else { return }
    let work = Work(items.sorted { ($0.place, $0.path) < ($1.place, $1.path) })
    items.removeAll(keepingCapacity: true)
    let (image, payload) = (image, payload)
    WorkerThreads.run(min(workers, max(1, work.count / Self.share))) {
      do throws(StorageError) {
        let files = try FileComparison(image: image.open(), payload: payload.open())
        while let share = work.next(Self.share) {
          for item in share { work.note(item, try files.compare(item)) }
        }
      } catch {
        work.fail(error)
      }
    }
    try work.finish(&result)
  }

  /// What the workers share.
  private final class Work: Sendable {
    private struct State {
      var next = 0
      var differences: [TreeDifference] = []
      var bytes: UInt64 = 0
      var failure: StorageError?
    }
    private let items: [Item]
    private let state = Mutex(State())
    var count: Int { items.count }

    init(_ items: [Item]) { self.items = items }

    func next(_ count: Int) -> ArraySlice<Item>? {
      state.withLock { state in
        guard state.failure == nil, state.next < items.count else { return nil }
        let end = min(items.count, state.next + count)
        defer { state.next = end }
        return items[state.next..<end]
      }
    }

    func note(_ item: Item, _ kind: TreeDifference.Kind?) {
      state.withLock { state in
        state.bytes = state.bytes.addingClamped(item.size)
        guard let kind else { return }
        state.differences.append(
          TreeDifference(
            path: item.path, sizeBytes: ByteCount(clamping: item.size), isFile: true, kind: kind,
            purpose: TreeComparison.purpose(kind, item.path)))
      }
    }

    func fail(_ error: StorageError) { state.withLock { $0.failure = $0.failure ?? error } }

    func finish(_ result: inout TreeComparisonResult) throws(StorageError) {
      let (differences, bytes, failure) = state.withLock { ($0.differences, $0.bytes, $0.failure) }
      if let failure { throw failure }
      for difference in differences { result.add(difference) }
      result.comparedBytes += ByteCount(clamping: bytes)
    }
  }
}
