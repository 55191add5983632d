/// What one run of a contender took.
struct Sample: Codable {
  /// From the start of the first command to the end of the last, in milliseconds.
  var wall: Double
  /// User and system time of all its commands, in milliseconds.
  var cpu: Double
  /// The largest resident set of any of its commands, in bytes.
  var peakMemory: Int
}

/// The samples of one contender in one run of the benchmark.
struct Series: Codable {
  var samples: [Sample] = []

  /// The least wall time: what the program takes where nothing disturbs it. Infinite without a sample.
  var best: Double { samples.map(\.wall).min() ?? .infinity }

  var median: Double { Self.middle(samples.map(\.wall)) }

  /// Of the fastest sample.
  var cpu: Double { samples.min { $0.wall < $1.wall }?.cpu ?? .infinity }

  /// Of any sample: memory has no good luck.
  var peakMemory: Int { samples.map(\.peakMemory).max() ?? 0 }

  /// How far the median is from the best, as a part of the best: the noise that the best of so few still has.
  var spread: Double {
    let best = best
    return best > 0 && best.isFinite ? (median - best) / best : 0
  }

  private static func middle(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .infinity }
    let sorted = values.sorted()
    let half = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[half]
  }
}
