import Foundation
import SpaceModel
import Testing

/// Runs the system's own tools, for fixtures and as oracles.
enum Tool {
  struct Result {
    var status: Int32
    var output: [UInt8]
    var errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
  }

  @discardableResult
  static func run(_ name: String, _ arguments: [String], input: String = "", checked: Bool = true) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = "/usr/sbin:/sbin:" + (environment["PATH"] ?? "/usr/bin:/bin")
    environment["LC_ALL"] = "C.UTF-8"
    environment["BLKID_FILE"] = "/dev/null"
    process.environment = environment
    let (output, errors, stdin) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = stdin
    try process.run()
    try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
    try? stdin.fileHandleForWriting.close()
    let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let result = Result(status: process.terminationStatus, output: bytes, errors: text)
    if checked, result.status != 0 {
      throw ToolFailure(description: "\(name) \(arguments) exited with \(result.status): \(text)")
    }
    return result
  }
}

struct ToolFailure: Error, CustomStringConvertible {
  var description: String
}

/// A directory of its own for one test; gone with it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/headroom-scan-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  /// A file below the directory, with the directories above it.
  func write(_ name: String, _ text: String) throws {
    let file = file(name)
    let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file))
  }

  func sparse(_ name: String, bytes: UInt64) throws -> String {
    let file = file(name)
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    try resize(file, bytes: bytes)
    return file
  }

  func resize(_ file: String, bytes: UInt64) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.truncate(atOffset: bytes)
    try handle.close()
  }

  func overwrite(_ file: String, at offset: UInt64, _ bytes: [UInt8]) throws {
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    try handle.seek(toOffset: offset)
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
  }
}

/// splitmix64; the seed is printed so that a failure can be repeated (HEADROOM_SEED).
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  static let seed: UInt64 = {
    let seed =
      ProcessInfo.processInfo.environment["HEADROOM_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0...999_999)
    print("HEADROOM_SEED=\(seed)")
    return seed
  }()

  init(_ number: Int) { state = Self.seed &* 1_000_003 &+ UInt64(number) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
