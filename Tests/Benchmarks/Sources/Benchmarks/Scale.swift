/// How large the workloads are.
struct Scale {
  enum Name: String, Codable, CaseIterable { case quick, standard, full }

  let name: Name
  /// Extents of the fragmented file.
  let extents: Int
  /// MiB of the images whose zeros are looked for. The first is also copied, dug and verified, the last read cold.
  let images: [Int]
  /// Files in the first of them.
  let files: Int
  let smallImages: Int
  let payloadInodes: Int
  /// Timed rounds; one more warms up.
  let rounds: Int

  init(_ name: Name) {
    self.name = name
    switch name {
    case .quick:
      (extents, images, files, smallImages, payloadInodes, rounds) = (50_000, [256, 512], 3_000, 200, 10_000, 3)
    case .standard:
      (extents, images, files, smallImages, payloadInodes, rounds) = (
        1_000_000, [3072, 6144], 40_000, 2000, 100_000, 7
      )
    case .full:
      (extents, images, files, smallImages, payloadInodes, rounds) = (
        1_000_000, [3072, 6144, 20480], 40_000, 2000, 100_000, 9
      )
    }
  }

  /// "3 GiB", "256 MiB".
  static func words(_ mebibytes: Int) -> String {
    mebibytes.isMultiple(of: 1024) ? "\(mebibytes >> 10) GiB" : "\(mebibytes) MiB"
  }

  /// "40,000".
  static func words(count: Int) -> String {
    var digits = String(count)
    var parts: [String] = []
    while digits.count > 3 {
      parts.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + parts).joined(separator: ",")
  }
}
