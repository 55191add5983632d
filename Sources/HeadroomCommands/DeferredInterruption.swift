import Glibc
import Synchronization

/// Ctrl-C and its kin while a command writes: they are remembered, and the command ends when it has put things back.
enum DeferredInterruption {
  private static let signal = Atomic<Int32>(0)

  /// From here on a signal only asks to stop.
  static func install() {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] where !Interruption.isIgnored(number) {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        DeferredInterruption.signal.store(number, ordering: .relaxed)
      }
      sigaction(number, &action, nil)
    }
    // Nobody may read our progress any more; that is no reason to leave a mount writable.
    Glibc.signal(SIGPIPE, SIG_IGN)
  }

  /// Whether to stop.
  static var isRequested: Bool { signal.load(ordering: .relaxed) != 0 }

  /// 128 plus the signal's number; `nil` where none came.
  static var exitCode: Int32? {
    let number = signal.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }
}
