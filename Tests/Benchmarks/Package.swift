// swift-tools-version: 6.1
import PackageDescription

let optimised: [CSetting] = [.define("_GNU_SOURCE"), .define("_FILE_OFFSET_BITS", to: "64")]
/// Nothing of Swift's runtime, which SwiftPM would link: static, or loading it would take longer than some floors in all.
let bare: [LinkerSetting] = [.unsafeFlags(["-static-executable"])]

let package = Package(
  name: "benchmarks",
  targets: [
    // Makes the workloads, runs the rows, prints the table.
    .executableTarget(
      name: "Benchmarks",
      swiftSettings: [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")]),
    // Runs commands and says what they took. C, because a child's peak memory begins with its parent's.
    .executableTarget(name: "stopwatch", cSettings: optimised, linkerSettings: bare),
    // The least that any program must do: the calls alone, the bytes alone.
    .executableTarget(name: "fiemap-floor", cSettings: optimised, linkerSettings: bare),
    .executableTarget(name: "zero-floor", cSettings: optimised, linkerSettings: bare),
  ]
)
