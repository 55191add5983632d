/// Ten times the work.
enum GrowthRows {
  static let rows = [extents, extentsJSON, images, bytes, files, inodes]

  private static let extents = Row(name: "growth-extents", title: "map --summary of 10 × the extents") { bench in
    let counts = (bench.scale.extents / 10, bench.scale.extents)
    return try trial(bench, counts, "extents", bytesEach: 0) { count in
      let file = try FragmentedFile.make(extents: count, in: bench.workplace)
      return ["map", "--summary", "--no-zeros", file]
    }
  }

  private static let extentsJSON = Row(name: "growth-json", title: "map --json of 10 × the extents") { bench in
    let counts = (bench.scale.extents / 10, bench.scale.extents)
    return try trial(bench, counts, "extents", bytesEach: 24) { count in
      ["map", "--json", "--no-zeros", try FragmentedFile.make(extents: count, in: bench.workplace)]
    }
  }

  private static let images = Row(name: "growth-images", title: "map of 10 × the images") { bench in
    let images = try SmallImages(count: bench.scale.smallImages, in: bench.workplace)
    return try trial(bench, (images.paths.count / 10, images.paths.count), "images", bytesEach: 0) { count in
      ["map", "--summary", "--no-zeros"] + images.paths.prefix(count)
    }
  }

  private static let bytes = Row(name: "growth-bytes", title: "zero scan of 10 × the bytes") { bench in
    let mebibytes = bench.scale.images[1] / 10 * 10
    return try trial(bench, (mebibytes / 10, mebibytes), "MiB", bytesEach: 0) { count in
      let image = try bench.image(mebibytes: count == mebibytes ? bench.scale.images[1] : count).dense
      try bench.warm(image)
      return ["map", "--summary", "--zeros", image]
    }
  }

  private static let files = Row(name: "growth-files", title: "verify of an image of 10 × the files") { bench in
    let counts = (bench.scale.files / 10, bench.scale.files)
    return try trial(bench, counts, "files", bytesEach: 24) { count in
      let image = try SystemImage(mebibytes: bench.scale.images[0], files: count, in: bench.workplace).dense
      try bench.warm(image)
      return ["verify", "--quick", image]
    }
  }

  private static let inodes = Row(
    name: "growth-inodes", title: "a squashfs payload of 10 × the inodes", tools: ["mksquashfs", "mke2fs"]
  ) { bench in
    let counts = (bench.scale.payloadInodes / 10, bench.scale.payloadInodes)
    return try trial(bench, counts, "inodes", bytesEach: 24) { count in
      Array(try Payload(inodes: count, in: bench.workplace).plan(with: bench).dropFirst())
    }
  }

  private static func trial(
    _ bench: Bench, _ counts: (Int, Int), _ unit: String, bytesEach: Int, _ arguments: (Int) throws -> [String]
  ) throws -> Trial {
    let names = [counts.0, counts.1].map { "\(Scale.words(count: $0)) \(unit)" }
    let statuses: Set<Int32> = [0, 1, 2]
    return Trial(
      contenders: [
        Contender(names[1], .headroom, [bench.headroom] + (try arguments(counts.1)), statuses: statuses),
        Contender(names[0], .reference, [bench.headroom] + (try arguments(counts.0)), statuses: statuses),
      ],
      targets: Target.growth(from: names[0], to: names[1], items: counts.1 - counts.0, bytesEach: bytesEach))
  }
}
