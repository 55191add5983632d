/// The program itself.
enum StartRows {
  static let rows = [start]

  private static let start = Row(name: "start", title: "the static executable: its size, and its start") { bench in
    let size = try Workplace.size(bench.headroom)
    return Trial(
      contenders: [
        Contender("headroom --version", .headroom, [bench.headroom, "--version"]),
        Contender("true", .floor, ["true"]),
      ],
      targets: [
        Target(text: "≤ 18 MB") { _ in
          .init(value: "\(rounded(Double(size) / 1e6)) MB", met: size <= 18_000_000)
        },
        .wall(under: 3),
      ])
  }
}
