import LinuxStorage
import SpaceModel
import SpaceReport
import UpgradeProjection

/// Which images to dig holes into, and how far to go.
public struct ReclaimRequest: Sendable {
  public var sysroot = Sysroot()
  /// Image files that were named.
  public var images: [FilePath] = []
  /// All images on mounted filesystems with these labels.
  public var labels: [String] = []
  /// Punch; else only say what would be punched.
  public var applies = false
  /// Make a filesystem that is mounted read-only writable for the duration.
  public var remounts = false
  /// Compare the content before and after.
  public var verifies = false
  /// Runs of zeros shorter than this stay.
  public var shortestRun: UInt64 = 0
  /// Checks that are left out.
  public var forced: Set<ReclaimObjection.Reason> = []
  /// The upgrade to project before and after.
  public var upgrade = UpgradeChoice()

  public init() {}
}

/// What came of it.
public struct ReclaimOutcome: Sendable {
  public var report: ReclaimReport
  /// What was refused, failed or ended before its time.
  public var failures: [StorageError] = []
}
