import Glibc
import SpaceModel

/// Threads for work that mostly waits for reads.
///
/// Plain POSIX threads: libdispatch changes the priority of its own, and writes to the system log where it may not.
public enum WorkerThreads {
  /// Runs `body` on so many threads at once, the caller's among them, and returns when all have ended.
  ///
  /// Where no thread can be made the caller's does the work alone, so `body` must take work until there is none left.
  public static func run(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    var threads: [pthread_t] = []
    for _ in 1..<max(1, count) {
      if let thread = start(body) { threads.append(thread) }
    }
    body()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Starts one thread that nobody waits for.
  public static func detach(_ body: @escaping @Sendable () -> Void) {
    if let thread = start(body) { pthread_detach(thread) }
  }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private static func start(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let result = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    if result == 0 { return thread }
    work.release()
    return nil
  }
}
