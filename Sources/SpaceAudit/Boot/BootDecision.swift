import SpaceModel

/// Decides from what was read how the node was booted, and whether the next boot takes another image.
///
/// The kernel's names follow renames: after an upgrade has moved `active.img` to `passive.img`, sysfs calls the running
/// root's file `passive.img`, and the old passive, if that was running, ` (deleted)`. So the file says what the running
/// image is *now*, and the command line what it was.
struct BootDecision {
  /// What the running root is a loop device on, or a subvolume of.
  struct RunningImage: Hashable {
    /// Its role now, by inode; `nil` where the place is no known one.
    var role: ImageRole?
    /// No path leads to it any more.
    var isDeleted = false
    /// elemental 2: the number of the snapshot, and of the one the next boot takes.
    var snapshot: Int?
    var activeSnapshot: Int?

    /// What it would be called, by what the node has now.
    var mode: BootState.Mode? {
      if let snapshot { return activeSnapshot.map { $0 == snapshot ? .active : .passive } }
      switch role {
      case .active: return .active
      case .passive: return .passive
      case .recovery: return .recovery
      default: return nil
      }
    }
  }

  var mode: BootState.Mode?
  var rebootPending: Bool?
  /// What the sources disagree on; `nil` where they do not.
  var contradiction: String?

  /// - Parameters:
  ///   - sentinels: What the files of the initramfs say.
  ///   - commandLine: What the kernel's command line says.
  init(sentinels: Set<BootState.Mode>, commandLine: BootState.Mode?, image: RunningImage?) {
    var told = sentinels.union(commandLine.map { [$0] } ?? [])
    // The command line of a unified kernel image is the same on an installation medium.
    if commandLine == .uki, sentinels == [.live] { told = [.live] }
    let shown = image.flatMap(\.mode)
    if told.isEmpty {
      mode = shown
    } else if told.count == 1 {
      mode = told.first
    } else if let shown, told.contains(shown) {
      mode = shown
    } else {
      // Anybody can make a file; the command line stays.
      mode = commandLine
    }
    if told.count > 1 {
      let list = told.map(\.rawValue).sorted().joined(separator: ", ")
      contradiction = "the kernel command line and the files in /run/cos and /run/elemental say \(list)"
    } else if let shown, let booted = mode, shown != booted, !Self.isUpgraded(booted: booted, shown: shown) {
      contradiction = "it was booted as \(booted.rawValue), but runs from the \(shown.rawValue) image"
      mode = shown
    }
    rebootPending = Self.isPending(mode, image)
  }

  /// The active image that an upgrade has made passive: that is no contradiction.
  private static func isUpgraded(booted: BootState.Mode, shown: BootState.Mode) -> Bool {
    booted == .active && shown == .passive
  }

  private static func isPending(_ mode: BootState.Mode?, _ image: RunningImage?) -> Bool? {
    guard let image, mode == .active || mode == .passive else { return nil }
    if image.isDeleted { return true }
    guard mode == .active else { return false }
    return image.mode.map { $0 != .active }
  }
}
