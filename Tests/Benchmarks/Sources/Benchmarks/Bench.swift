import Foundation

/// What every row works with.
struct Bench {
  let scale: Scale
  let workplace: Workplace
  let stopwatch: Stopwatch
  /// The program that is measured.
  let headroom: String
  /// The directory of the floors.
  let floors: String

  func floor(_ name: String) -> String { "\(floors)/\(name)" }

  /// The image at this place of the scale's list, with files in proportion.
  func image(_ index: Int) throws -> SystemImage {
    let mebibytes = scale.images[index]
    return try image(mebibytes: mebibytes)
  }

  func image(mebibytes: Int) throws -> SystemImage {
    try SystemImage(mebibytes: mebibytes, files: scale.files * mebibytes / scale.images[0], in: workplace)
  }

  /// Has a file wholly in the page cache, as far as memory goes, and as reading brings it there.
  func warm(_ path: String) throws { try PageCache.warm(path, bytes: Workplace.size(path)) }

  /// What `headroom` prints as JSON, whatever it exits with among `statuses`.
  func json(_ arguments: [String], statuses: Set<Int32> = [0]) throws -> Any {
    let text = try Command.run([headroom] + arguments, statuses: statuses)
    return try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  /// A figure of a map's JSON: of one image, or the sum over several.
  func mapFigure(_ key: String, _ arguments: [String]) throws -> Int {
    let document = try json(["map", "--json", "--summary"] + arguments)
    let maps = document as? [[String: Any]] ?? [document as? [String: Any] ?? [:]]
    return try maps.reduce(0) { sum, map in
      guard let value = map[key] as? Int else { throw Failure("'headroom map --json' has no \(key)") }
      return sum + value
    }
  }

  /// The whole numbers that a floor prints.
  func floorFigures(_ name: String, _ paths: [String]) throws -> [Int] {
    try Command.run([floor(name)] + paths).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
  }

  /// Fails loudly where two programs say different things of the same workload.
  func agree(_ what: String, _ ours: Int, _ theirs: Int, by other: String) throws {
    guard ours == theirs else { throw Failure("headroom finds \(ours) \(what), \(other) \(theirs)") }
  }
}
