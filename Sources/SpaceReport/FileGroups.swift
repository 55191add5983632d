import SpaceModel

/// Files as a person reads of many: by the directory a package has to itself, the most first.
enum FileGroups {
  struct Group {
    var directory: String
    var files: [Integrity.File]
  }

  static func count(_ number: Int) -> String { CountText.of(number, "file") }

  static func groups(_ files: [Integrity.File]) -> [Group] {
    Dictionary(grouping: files) { directory($0.path) }.map { Group(directory: $0.key, files: $0.value) }
      .sorted { ($1.files.count, $0.directory) < ($0.files.count, $1.directory) }
  }

  /// `/usr/share/p11-kit (12), /etc (1)`; of more than a few only the first.
  static func summary(_ files: [Integrity.File], most: Int = 4) -> String {
    let groups = groups(files)
    let shown = groups.prefix(most).map { "\(DisplayText.escaped($0.directory)) (\($0.files.count))" }
      .joined(separator: ", ")
    let rest = groups.dropFirst(most).reduce(0) { $0 + $1.files.count }
    return shown + (rest > 0 ? " and \(rest) elsewhere" : "")
  }

  /// Two levels below /usr and /var, which is what a package has to itself; else the directory.
  private static func directory(_ path: FilePath) -> String {
    let parts = path.components.dropLast().map(\.display)
    let depth = ["usr", "var", "opt"].contains(parts.first) ? 3 : 1
    return "/" + parts.prefix(depth).joined(separator: "/")
  }
}
