import Foundation

/// The directory of the workloads. What is there is whole and is used again: each is made under another name and gets its
/// own when it is done.
struct Workplace {
  let path: String
  /// Where the scripts of the source tree are.
  let repository: String

  init(scratch: String, scale: Scale.Name, repository: String) throws {
    path = "\(scratch)/headroom-benchmarks/\(scale.rawValue)"
    self.repository = repository
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// The workload of this name, made by `make` at the path it is given where it is not there yet.
  func workload(_ name: String, make: (String) throws -> Void) throws -> String {
    let whole = "\(path)/\(name)"
    guard !exists(whole) else { return whole }
    note("making \(name)")
    let partial = "\(path)/.making-\(name)"
    try remove(partial)
    try make(partial)
    guard rename(partial, whole) == 0 else { throw Failure("cannot rename \(partial): \(lastError())") }
    return whole
  }

  /// A path for what lives only while a row runs.
  func temporary(_ name: String) -> String { "\(path)/temporary-\(name)" }

  func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  func remove(_ path: String) throws {
    if exists(path) { try FileManager.default.removeItem(atPath: path) }
  }

  /// 512 × st_blocks.
  static func allocated(_ path: String) throws -> Int { Int(try status(path).st_blocks) * 512 }

  static func size(_ path: String) throws -> Int { Int(try status(path).st_size) }

  private static func status(_ path: String) throws -> stat {
    var status = stat()
    guard stat(path, &status) == 0 else { throw Failure("cannot stat \(path): \(lastError())") }
    return status
  }
}

func lastError() -> String { String(cString: strerror(errno)) }

/// A line on standard error: what is being done.
func note(_ text: String) {
  FileHandle.standardError.write(Data("\(text)\n".utf8))
}
