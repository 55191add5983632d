/// Where the extents are.
enum MapRows {
  static let floorName = "FIEMAP floor"

  static let rows = [json, summary, offline]

  /// The whole map as text that another program reads.
  private static let json = Row(
    name: "map-json", title: "map --json, no zeros looked for", tools: ["filefrag", "qemu-img"]
  ) { bench in
    let file = try FragmentedFile.make(extents: bench.scale.extents, in: bench.workplace)
    var trial = Trial(
      contenders: [
        Contender("headroom map --json", .headroom, [bench.headroom, "map", "--json", "--no-zeros", file]),
        Contender("filefrag -v", .peer, ["filefrag", "-v", file]),
        Contender("qemu-img map", .peer, ["qemu-img", "map", "--output=json", "-f", "raw", file]),
        Contender(floorName, .floor, [bench.floor("fiemap-floor"), file]),
      ],
      targets: [.faster(1, than: "filefrag -v"), .faster(8, than: "qemu-img map")])
    trial.agreement = { try extentsAgree(bench, [file]) }
    return trial
  }

  /// The figures alone: nothing is printed that grows.
  private static let summary = Row(name: "map-summary", title: "map --summary, no zeros looked for") { bench in
    let file = try FragmentedFile.make(extents: bench.scale.extents, in: bench.workplace)
    var trial = Trial(
      contenders: [
        Contender("headroom map --summary", .headroom, [bench.headroom, "map", "--summary", "--no-zeros", file]),
        Contender(floorName, .floor, [bench.floor("fiemap-floor"), file]),
        Contender("filefrag", .peer, ["filefrag", file]),
      ],
      targets: [.atMost(1.3, times: floorName), .memory(under: 24)])
    trial.agreement = { try extentsAgree(bench, [file]) }
    return trial
  }

  /// The same file through its mount and, unmounted, through libext2fs.
  private static let offline = Row(
    name: "map-offline", title: "map of a file inside a filesystem image, against the live map", tools: ["mke2fs"],
    needs: [.loopMount]
  ) { bench in
    let image = try FragmentedFile.makeInside(extents: bench.scale.extents, in: bench.workplace)
    let point = bench.workplace.temporary("mount")
    try FragmentedFile.mount(image, at: point, options: "loop,ro")
    let options = ["map", "--summary", "--no-zeros"]
    var trial = Trial(
      contenders: [
        Contender("headroom map --disk", .headroom, [bench.headroom] + options + ["--disk", image, "big"]),
        Contender("headroom map, live", .reference, [bench.headroom] + options + ["\(point)/big"]),
        Contender(floorName, .floor, [bench.floor("fiemap-floor"), "\(point)/big"]),
      ],
      targets: [.atMost(1, times: "headroom map, live")])
    trial.finish = { FragmentedFile.unmount(point) }
    trial.agreement = {
      let live = try bench.mapFigure("extent_count", ["--no-zeros", "\(point)/big"])
      let offline = try bench.mapFigure("extent_count", ["--no-zeros", "--disk", image, "big"])
      try bench.agree("extents", offline, live, by: "the live map")
      return "\(Scale.words(count: live)) extents"
    }
    return trial
  }

  static func extentsAgree(_ bench: Bench, _ files: [String]) throws -> String {
    let ours = try bench.mapFigure("extent_count", ["--no-zeros"] + files)
    let theirs = try bench.floorFigures("fiemap-floor", files)[0]
    try bench.agree("extents", ours, theirs, by: "FIEMAP")
    return "\(Scale.words(count: ours)) extents"
  }
}
