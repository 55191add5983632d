/// Many small images in one call.
enum ManyRows {
  static let rows = [map, scan]

  private static let map = Row(name: "many-map", title: "map of many small images, summary", tools: ["find"]) { bench in
    let images = try SmallImages(count: bench.scale.smallImages, in: bench.workplace)
    var trial = Trial(
      contenders: [
        Contender(
          "headroom map --summary", .headroom, [bench.headroom, "map", "--summary", "--no-zeros"] + images.paths),
        Contender("find -printf %S", .peer, ["find", images.directory, "-type", "f", "-printf", "%S\n"]),
        Contender(MapRows.floorName, .floor, [bench.floor("fiemap-floor")] + images.paths),
      ],
      targets: [.atMost(4, times: "find -printf %S", plus: 10)])
    trial.agreement = {
      "\(Scale.words(count: images.paths.count)) images, " + (try MapRows.extentsAgree(bench, images.paths))
    }
    return trial
  }

  private static let scan = Row(name: "many-scan", title: "zero scan of many small images") { bench in
    let images = try SmallImages(count: bench.scale.smallImages, in: bench.workplace)
    for path in images.paths { try bench.warm(path) }
    var trial = Trial(
      contenders: [
        Contender("headroom map --zeros", .headroom, [bench.headroom, "map", "--summary", "--zeros"] + images.paths),
        Contender(ScanRows.floorName, .floor, [bench.floor("zero-floor")] + images.paths),
      ],
      targets: [.atMost(1.3, times: ScanRows.floorName)])
    trial.agreement = { try ScanRows.zerosAgree(bench, images.paths) }
    return trial
  }
}
