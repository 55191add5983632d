import Glibc
import LinuxStorage
import SpaceModel

/// Writes a page of the manual to standard output. A tool of the source tree; `Fixtures/manual` runs it.
@main
enum HeadroomManual {
  /// The pages' own date: the same source gives the same page.
  static let date = "November 24, 2026"

  static func main() {
    do {
      let words = CommandLine.arguments.dropFirst()
      switch (words.first, words.count) {
      case ("commands", 1):
        print(try CommandManual().render(date: date), terminator: "")
      case ("report", 2):
        let bytes = try DocumentFile.read(FilePath(words.last ?? ""), limit: 4 << 20, operation: "read the schema")
        print(try ReportManual(JSONValue(parsing: bytes)).render(date: date), terminator: "")
      default:
        fail("usage: headroom-manual commands | report SCHEMA", code: 64)
      }
    } catch {
      fail("headroom-manual: \(error)", code: 1)
    }
  }

  private static func fail(_ message: String, code: Int32) -> Never {
    _ = WorkerProcess.write(Array((message + "\n").utf8), to: STDERR_FILENO)
    exit(code)
  }
}
