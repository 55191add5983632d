import Foundation

/// Many small images, as of virtual machines that are nearly empty: 2,000 of them have 2.9 GB apparent, 1.9 GB allocated.
struct SmallImages {
  let directory: String
  let paths: [String]

  private static let piece = 64 << 10

  init(count: Int, in workplace: Workplace) throws {
    directory = try workplace.workload("small-images-\(count)") { directory in
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      var random = Random(17)
      var bytes = RandomBytes(seed: 19, capacity: Self.piece)
      let zeros = [UInt8](repeating: 0, count: Self.piece)
      for number in 0..<count {
        let writer = try Writer(Self.path(number, in: directory))
        // 0.19 to 2.6 MiB, in up to five stretches of data, zeros or nothing.
        let pieces = 3 + Int(random.next() % 40)
        try writer.truncate(to: pieces * Self.piece)
        let stretch = pieces / 5 + 1
        for index in 0..<pieces {
          switch (index / stretch + number) % 5 {
          case 0, 2: try bytes.with(Self.piece) { try writer.write($0, at: index * Self.piece) }
          case 3: try zeros.withUnsafeBytes { try writer.write($0, at: index * Self.piece) }
          default: break
          }
        }
        try writer.close()
      }
      try Command.run(["sync", "-f", directory])
    }
    let made = directory
    paths = (0..<count).map { Self.path($0, in: made) }
  }

  private static func path(_ number: Int, in directory: String) -> String { "\(directory)/\(number).img" }
}
