import Foundation

/// A directory of its own for a test; it goes, with all that is in it, when the last reference does.
///
/// Lies in `HEADROOM_SCRATCH`, or the system's directory for temporary files. With `HEADROOM_KEEP` set it stays and its
/// path is printed.
public final class ScratchDirectory: Sendable {
  /// Who may use it: tests that run something as an ordinary user must let that user in.
  public enum Access: Sendable {
    case owner
    case everybodyReads
    case everybodyWrites
  }

  public let path: String

  public init(access: Access = .everybodyReads) throws {
    let environment = ProcessInfo.processInfo.environment
    var base = environment["HEADROOM_SCRATCH"] ?? environment["TMPDIR"] ?? "/tmp"
    while base.count > 1 && base.hasSuffix("/") { base.removeLast() }
    var template = Array("\(base)/headroom-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemCallFailure("mkdtemp", "a directory in \(base)") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let mode: mode_t =
      switch access {
      case .owner: 0o700
      case .everybodyReads: 0o755
      case .everybodyWrites: 0o1777
      }
    guard chmod(path, mode) == 0 else { throw SystemCallFailure("chmod", path) }
  }

  deinit {
    if ProcessInfo.processInfo.environment["HEADROOM_KEEP"] != nil {
      print("kept: \(path)")
      return
    }
    // Stays on this filesystem: a mount that a failing test left in here is not to be emptied.
    _ = try? Command.run("rm", "-rf", "--one-file-system", path)
  }

  /// The path of a file in here.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Makes a directory in here, with its parents, and gives its path.
  public func directory(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
    return file(name)
  }

  /// Writes a file in here and gives its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  @discardableResult
  public func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

  /// Makes a file of that size that is one hole and gives its path.
  public func sparseFile(_ name: String, bytes: Int) throws -> String {
    let path = file(name)
    let handle = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard handle >= 0 else { throw SystemCallFailure("open", path) }
    defer { close(handle) }
    guard ftruncate(handle, bytes) == 0 else { throw SystemCallFailure("ftruncate", path) }
    return path
  }
}
