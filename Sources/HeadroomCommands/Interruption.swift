import Glibc
import Synchronization

/// What happens on Ctrl-C and its kin: the program ends at once, with 128 plus the signal's number.
///
/// Nothing needs cleaning up in a command that only reads, and workers die with their parent.
enum Interruption {
  /// A progress line stands on the terminal and must be wiped.
  static let progressShown = Atomic<Bool>(false)

  /// Whether whoever started us wants a signal ignored, as nohup(1) does.
  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    // SIG_IGN is the number 1 in the place of a function.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }

  static func install() {
    // A file that grows beyond ulimit -f is a write error like any other, and is cleaned up after.
    signal(SIGXFSZ, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        if Interruption.progressShown.load(ordering: .relaxed) {
          let wipe: StaticString = "\r\u{1B}[K"
          _ = write(STDERR_FILENO, wipe.utf8Start, wipe.utf8CodeUnitCount)
        }
        _exit(128 + number)
      }
      sigaction(number, &action, nil)
    }
  }
}
