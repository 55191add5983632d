import Foundation

/// What the package holds and what was built from it.
public enum Products {
  /// The package's folder.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The built command: `HEADROOM_EXECUTABLE`, else the one beside the running tests.
  public static func headroom() throws -> String {
    if let given = ProcessInfo.processInfo.environment["HEADROOM_EXECUTABLE"] { return given }
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let beside = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("headroom").path
    guard access(beside, X_OK) == 0 else {
      throw Command.Failure(description: "no executable at \(beside): run 'swift build', or set HEADROOM_EXECUTABLE")
    }
    return beside
  }

  /// Makes a node's disk with `Fixtures/node-disk` (its `--help` lists scenarios and options) and gives its path.
  public static func nodeDisk(
    _ scenario: String = "harvester-1.4.0-fresh", in scratch: ScratchDirectory, arguments: [String] = []
  ) throws -> String {
    let disk = scratch.file("\(scenario).img")
    try Command.check(
      "\(root)/Fixtures/node-disk", arguments: [disk, "--scenario", scenario] + arguments, timeout: .seconds(600))
    return disk
  }
}
