import Foundation

/// Something could not be run or was not as it must be.
struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A command that is not timed: to make a workload, or to ask for a figure.
enum Command {
  /// Runs it, without a shell, and returns what it printed. Fails on any exit status that is not among `statuses`.
  @discardableResult
  static func run(_ words: [String], statuses: Set<Int32> = [0], discarding: Bool = false) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = words
    let output = Pipe()
    process.standardOutput = discarding ? FileHandle.nullDevice : output
    process.standardError = FileHandle.standardError
    process.standardInput = FileHandle.nullDevice
    do { try process.run() } catch { throw Failure("cannot run \(words[0]): \(error)") }
    if discarding { try output.fileHandleForWriting.close() }
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard statuses.contains(process.terminationStatus) else {
      throw Failure("\(words.prefix(4).joined(separator: " ")) ended with \(process.terminationStatus)")
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Where a program lies, or nil. What is in sbin counts too.
  static func find(_ program: String) -> String? {
    if program.contains("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    for directory in path.split(separator: ":") {
      let candidate = "\(directory)/\(program)"
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
    }
    return nil
  }
}

/// Runs commands under the stopwatch.
struct Stopwatch {
  let executable: String
  /// Where what a command says on standard error is kept until the next.
  let errors: String

  /// Runs the commands one after the other as one sample.
  func time(_ commands: [[String]], output: String = "/dev/null", statuses: Set<Int32> = [0]) throws -> Sample {
    let words = commands.map { $0 }.joined(separator: [";"])
    let answer = try Command.run([executable, output, errors] + words)
    let fields = answer.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    guard fields.count == 4 else { throw Failure("the stopwatch said '\(answer)'") }
    guard statuses.contains(Int32(fields[3])) else {
      let said = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
      let command = commands.map { $0.prefix(5).joined(separator: " ") }.joined(separator: "; ")
      throw Failure("'\(command)' ended with \(Int(fields[3])): \(said.prefix(400))")
    }
    return Sample(wall: fields[0] / 1e6, cpu: fields[1] / 1e3, peakMemory: Int(fields[2]) << 10)
  }
}
