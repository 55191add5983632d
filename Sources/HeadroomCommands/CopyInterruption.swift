import Glibc
import Synchronization

/// What Ctrl-C and its kin do to a copy: it removes what it has written so far, then ends. A second one ends it at once.
enum CopyInterruption {
  private static let received = Atomic<Int32>(0)

  /// The signal that came; `nil`: none.
  static var number: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }

  static func install() {
    for number in [SIGINT, SIGTERM, SIGHUP] where !Interruption.isIgnored(number) {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        if CopyInterruption.received.exchange(number, ordering: .relaxed) != 0 { _exit(128 + number) }
      }
      // No system call fails for it: the copy looks between two pieces.
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }
}
