import Foundation

/// Runs programs and collects what they say.
public enum Command {
  /// What a program left behind.
  public struct Result: Sendable, CustomStringConvertible {
    public var command: String
    /// Exit status; 128 + the signal's number when a signal ended it, as a shell has it.
    public var status: Int32
    public var output: [UInt8]
    public var errorOutput: [UInt8]
    public var elapsed: Duration

    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errors: String { String(decoding: errorOutput, as: UTF8.self) }
    public var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: true) }

    public var description: String {
      "'\(command)' exited with \(status)\n--- stdout ---\n\(text)\n--- stderr ---\n\(errors)"
    }
  }

  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - executable: A path, or a name looked up in `PATH`, `/usr/sbin` and `/sbin`.
  ///   - environment: Variables set on top of this process's own.
  ///   - input: What it reads from stdin; nothing when absent.
  ///   - asUser: User and group it runs as, without further groups (needs root).
  ///   - directory: Where it runs.
  ///   - timeout: When it and its whole process group are killed.
  /// - Throws: ``Failure`` when it cannot be started or the timeout passed; a non-zero status is not an error here.
  @discardableResult
  public static func run(
    _ executable: String, _ arguments: String..., environment: [String: String] = [:], input: [UInt8]? = nil,
    asUser: UInt32? = nil, directory: String? = nil, timeout: Duration = .seconds(120)
  ) throws -> Result {
    try run(
      executable, arguments: arguments, environment: environment, input: input, asUser: asUser, directory: directory,
      timeout: timeout)
  }

  @discardableResult
  public static func run(
    _ executable: String, arguments: [String], environment: [String: String] = [:], input: [UInt8]? = nil,
    asUser: UInt32? = nil, directory: String? = nil, timeout: Duration = .seconds(120)
  ) throws -> Result {
    try start(
      executable, arguments: arguments, environment: environment, input: input, asUser: asUser, directory: directory
    ).finish(timeout: timeout)
  }

  /// ``run(_:_:environment:input:asUser:directory:timeout:)``, and a non-zero status is an error that shows everything.
  @discardableResult
  public static func check(
    _ executable: String, _ arguments: String..., environment: [String: String] = [:], input: [UInt8]? = nil,
    asUser: UInt32? = nil, directory: String? = nil, timeout: Duration = .seconds(120)
  ) throws -> Result {
    try check(
      executable, arguments: arguments, environment: environment, input: input, asUser: asUser, directory: directory,
      timeout: timeout)
  }

  @discardableResult
  public static func check(
    _ executable: String, arguments: [String], environment: [String: String] = [:], input: [UInt8]? = nil,
    asUser: UInt32? = nil, directory: String? = nil, timeout: Duration = .seconds(120)
  ) throws -> Result {
    let result = try run(
      executable, arguments: arguments, environment: environment, input: input, asUser: asUser, directory: directory,
      timeout: timeout)
    guard result.status == 0 else { throw Failure(description: result.description) }
    return result
  }

  /// Runs a program and says how much memory it had at its peak (resident, in bytes).
  ///
  /// Goes through GNU time: a child of a large process inherits that process's peak when it is spawned without a copy
  /// of its memory, so `wait4` would report the peak of the tests.
  public static func peakMemory(
    _ executable: String, arguments: [String], environment: [String: String] = [:], asUser: UInt32? = nil,
    timeout: Duration = .seconds(120)
  ) throws -> (result: Result, bytes: Int) {
    let scratch = try ScratchDirectory(access: asUser == nil ? .owner : .everybodyWrites)
    let report = scratch.file("peak")
    let result = try run(
      "time", arguments: ["-q", "-f", "%M", "-o", report, try path(of: executable)] + arguments,
      environment: environment, asUser: asUser, timeout: timeout)
    let text = try String(contentsOfFile: report, encoding: .utf8)
    guard let kibibytes = text.split(separator: "\n").last.flatMap({ Int($0) }) else {
      throw Failure(description: "GNU time did not say how much memory '\(executable)' had: '\(text)'")
    }
    return (result, kibibytes * 1024)
  }

  /// Starts a program and lets it run, for tests that do something to it meanwhile.
  public static func start(
    _ executable: String, arguments: [String] = [], environment: [String: String] = [:], input: [UInt8]? = nil,
    asUser: UInt32? = nil, directory: String? = nil
  ) throws -> RunningCommand {
    var words = [try path(of: executable)] + arguments
    if let asUser {
      words = [try path(of: "setpriv"), "--reuid", "\(asUser)", "--regid", "\(asUser)", "--clear-groups"] + words
    }
    if let directory { words = [try path(of: "env"), "--chdir=\(directory)"] + words }
    return try RunningCommand(words: words, environment: environment, input: input)
  }

  /// Whether a program is there.
  public static func exists(_ executable: String) -> Bool { (try? path(of: executable)) != nil }

  /// The path of a program, looked up like a shell does, in the system's directories too.
  public static func path(of executable: String) throws -> String {
    if executable.contains("/") { return executable }
    let search = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    for directory in search + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"] {
      let candidate = "\(directory)/\(executable)"
      if access(candidate, X_OK) == 0 { return candidate }
    }
    throw Failure(description: "no '\(executable)' in PATH or /usr/sbin: run Fixtures/packages")
  }
}
