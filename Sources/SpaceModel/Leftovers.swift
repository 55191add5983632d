/// Which of the things an upgrade left may go.
public enum Leftovers {
  /// All, but the recovery system where an upgrade of it was interrupted between its two renames (`boot` to `boot-old`,
  /// `boot-transition` to `boot`): what is left then is the only one there is.
  public static func removable(on partition: Partition) -> [Partition.Leftover] {
    let all = partition.leftovers ?? []
    return isRecoveryHalfRenamed(partition) ? all.filter { !recoveryDirectories.contains($0.path) } : all
  }

  /// Why not all may go; `nil` where they may.
  public static func whatStays(on partition: Partition) -> String? {
    isRecoveryHalfRenamed(partition)
      ? "boot is missing: boot-old is the only recovery system that is known to work, and must be renamed back to boot."
      : nil
  }

  private static let recoveryDirectories: Set<FilePath> = ["boot-old", "boot-transition"]

  private static func isRecoveryHalfRenamed(_ partition: Partition) -> Bool {
    (partition.leftovers ?? []).contains { $0.path == "boot-old" }
      && !(partition.images ?? []).contains { $0.path.components.first == "boot" }
  }
}
