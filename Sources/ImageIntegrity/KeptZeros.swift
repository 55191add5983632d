import SpaceModel

/// Files that hold nothing but zeros on systems where nothing went wrong.
///
/// In the 46,000 files below a distribution's `/usr` there is not one; what there is grows on running systems.
public enum KeptZeros {
  /// A counter at zero, a flag, a lone terminator: nothing that a system is built from is so short and says so little.
  static let shortest: UInt64 = 16

  /// Records by user number: zeros up to the first user who ever logged in (or failed to), or throughout.
  private static let logs: Set<String> = ["lastlog", "faillog", "tallylog", "btmp", "wtmp"]

  /// PostgreSQL's page caches of transaction states, made as a page of zeros and filled as transactions come.
  private static let pageDirectories: Set<String> = [
    "pg_xact", "pg_clog", "pg_subtrans", "pg_commit_ts", "offsets", "members", "pg_serial", "pg_notify",
  ]

  /// - Parameter path: In the image.
  public static func isExpected(_ path: FilePath, size: UInt64) -> Bool {
    if size <= shortest { return true }
    let components = path.components.compactMap(\.utf8)
    guard let name = components.last, components.count >= 2 else { return false }
    let directory = components[components.count - 2]
    if directory == "log", logs.contains(name) { return true }
    let isPageName = name.count == 4 && name.allSatisfy { $0.isHexDigit }
    return isPageName && size % 8192 == 0 && pageDirectories.contains(directory)
  }
}
