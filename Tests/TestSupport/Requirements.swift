import Foundation
import Testing

/// What a test needs of the machine. The reason is what a skipped test shows; `.ci/run` fails when a test was skipped
/// for want of root or loop devices while both are there, and knows that by these words.
extension Trait where Self == ConditionTrait {
  public static var needsRootAndLoop: Self {
    .enabled(if: Machine.hasRootAndLoop, "needs root and loop devices")
  }

  public static var needsRoot: Self {
    .enabled(if: Machine.isRoot, "needs root")
  }

  /// The programs a test compares with or is set up by.
  public static func needsTool(_ names: String...) -> Self {
    let missing = names.filter { !Command.exists($0) }
    return .enabled(if: missing.isEmpty, "needs the tools \(missing.joined(separator: ", ")): run Fixtures/packages")
  }

  /// A filesystem that the running kernel must be able to mount.
  public static func needsFilesystem(_ names: String...) -> Self {
    let missing = names.filter { !Machine.mounts($0) }
    return .enabled(if: missing.isEmpty, "this kernel cannot mount \(missing.joined(separator: ", "))")
  }

  /// A proof too long for every run: only with `Tests/run --all`.
  public static var onlyWithAll: Self {
    .enabled(if: LongProof.isWhole, "long: run with Tests/run --all")
  }
}

/// What this machine can do.
public enum Machine {
  public static var isRoot: Bool { geteuid() == 0 }
  public static var hasRootAndLoop: Bool { isRoot && access("/dev/loop-control", R_OK | W_OK) == 0 }

  /// An ordinary user for tests that drop root, `nobody` on every Linux.
  public static let ordinaryUser: UInt32 = 65534

  public static func mounts(_ filesystem: String) -> Bool {
    func isListed() -> Bool {
      let list = (try? String(contentsOfFile: "/proc/filesystems", encoding: .utf8)) ?? ""
      return list.split(separator: "\n").contains { $0.split(separator: "\t").last == Substring(filesystem) }
    }
    if isListed() { return true }
    // It may be a module that nobody has asked for yet.
    guard isRoot, Command.exists("modprobe") else { return false }
    _ = try? Command.run("modprobe", "-q", filesystem)
    return isListed()
  }
}
