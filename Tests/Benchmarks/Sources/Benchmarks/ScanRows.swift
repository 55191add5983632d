/// Where data is zeros.
enum ScanRows {
  static let floorName = "mmap floor"
  private static let nbdcopy = "nbdcopy -S 4096"
  private static let dd = "dd bs=1M"
  private static let holes = "fallocate --report-holes"

  static func rows(_ scale: Scale) -> [Row] {
    scale.images.indices.map { warm(scale, $0) } + [cold(scale, 1)] + (scale.images.count > 2 ? [cold(scale, 2)] : [])
  }

  private static func warm(_ scale: Scale, _ index: Int) -> Row {
    let size = Scale.words(scale.images[index])
    return Row(
      name: index == 0 ? "scan" : "scan-\(index + 1)", title: "zero scan of a dense image, \(size), warm",
      tools: ["nbdcopy"]
    ) { bench in
      let image = try bench.image(index).dense
      try bench.warm(image)
      var trial = contenders(bench, image)
      trial.contenders.append(Contender(floorName, .floor, [bench.floor("zero-floor"), image]))
      trial.targets = [.faster(1.5, than: nbdcopy), .faster(4, than: holes), .faster(2.5, than: dd)]
      trial.agreement = { try zerosAgree(bench, [image]) }
      return trial
    }
  }

  private static func cold(_ scale: Scale, _ index: Int) -> Row {
    let size = Scale.words(scale.images[index])
    return Row(
      name: index == 1 ? "scan-cold" : "scan-cold-\(index + 1)", title: "zero scan of a dense image, \(size), cold",
      tools: ["nbdcopy"], needs: [.coldCache]
    ) { bench in
      let image = try bench.image(index).dense
      let other = try bench.image(0).sparse()
      var trial = contenders(bench, image)
      for index in trial.contenders.indices { trial.contenders[index].before = PageCache.drop }
      let command = trial.contenders[0].commands[0]
      let change = try PageCache.change(scanning: image, beside: other, command)
      trial.targets = [
        .faster(0.95, thanFastestOf: [nbdcopy, dd, holes]),
        Target(text: "page cache ± 2 %") { _ in
          .init(value: "\(rounded(change)) % of a file's pages came or went", met: change <= 2)
        },
      ]
      return trial
    }
  }

  private static func contenders(_ bench: Bench, _ image: String) -> Trial {
    var trial = Trial(
      contenders: [
        Contender("headroom map --zeros", .headroom, [bench.headroom, "map", "--summary", "--zeros", image]),
        Contender(nbdcopy, .peer, ["nbdcopy", "-S", "4096", image, "null:"]),
        Contender(dd, .peer, ["dd", "if=\(image)", "of=/dev/null", "bs=1M"]),
      ],
      targets: [])
    if knowsReportHoles() {
      trial.contenders.append(Contender(holes, .peer, ["fallocate", "--report-holes", image]))
    } else {
      trial.absent[holes] = "no util-linux of 2.42 or later here"
    }
    return trial
  }

  private static func knowsReportHoles() -> Bool {
    (try? Command.run(["fallocate", "--help"]))?.contains("--report-holes") ?? false
  }

  static func zerosAgree(_ bench: Bench, _ files: [String]) throws -> String {
    let ours = try bench.mapFigure("zero_bytes", ["--zeros"] + files)
    let theirs = try bench.floorFigures("zero-floor", files)
    try bench.agree("bytes of zeros", ours, theirs[0], by: "the floor")
    return "\(Scale.words(count: ours)) bytes of zeros in \(Scale.words(count: theirs[1])) runs"
  }
}
