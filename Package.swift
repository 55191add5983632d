// swift-tools-version: 6.1
import PackageDescription

/// Settings of every Swift target: existential types are spelled out, and a
/// member is visible only where its module is imported.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "headroom",
  products: [
    .executable(name: "headroom", targets: ["headroom"]),
    .library(name: "SpaceAudit", targets: ["SpaceAudit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // The command line.
    .executableTarget(name: "headroom", dependencies: ["HeadroomCommands"], swiftSettings: strict),
    // Writes docs/man from the help and the report's schema (Fixtures/manual).
    .executableTarget(
      name: "headroom-manual", dependencies: ["HeadroomCommands", "LinuxStorage", "SpaceModel"], swiftSettings: strict),
    .target(
      name: "HeadroomCommands",
      dependencies: [
        "SpaceAudit", "SpaceReport", "UpgradeProjection", "ImageIntegrity", "ExtentAnalyzer", "PartitionScanner",
        "LinuxStorage", "SpaceModel",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // The library's front door.
    .target(
      name: "SpaceAudit",
      dependencies: [
        "SpaceReport", "UpgradeProjection", "ImageIntegrity", "ExtentAnalyzer", "FilesystemReader",
        "PartitionScanner", "LinuxStorage", "SpaceModel", "CZlib",
      ],
      swiftSettings: strict),

    // Pure values in, values out.
    .target(
      name: "SpaceReport", dependencies: ["SpaceModel"],
      resources: [
        .embedInCode("Schema/report-1.json"), .embedInCode("Schema/map-1.json"),
        .embedInCode("Schema/partitions-1.json"), .embedInCode("Schema/payload-1.json"),
        .embedInCode("Schema/event-1.json"), .embedInCode("Schema/fleet-1.json"),
        .embedInCode("Schema/reclaim-1.json"), .embedInCode("Schema/copy-1.json"),
      ],
      swiftSettings: strict),
    .target(
      name: "UpgradeProjection", dependencies: ["SpaceModel"],
      resources: [
        .embedInCode("Profiles/harvester.json"), .embedInCode("Profiles/elemental.json"),
        .embedInCode("Profiles/elemental-v2.json"), .embedInCode("Profiles/elemental-btrfs.json"),
        .embedInCode("Profiles/kairos.json"),
      ],
      swiftSettings: strict),
    .target(name: "SpaceModel", swiftSettings: strict),

    .target(name: "ImageIntegrity", dependencies: ["SpaceModel"], swiftSettings: strict),

    // Measuring.
    .target(
      name: "ExtentAnalyzer", dependencies: ["LinuxStorage", "SpaceModel"], swiftSettings: strict),
    .target(
      name: "FilesystemReader",
      dependencies: ["LinuxStorage", "SpaceModel", "CExt2fs", "CSquashfs", "CISO9660"],
      swiftSettings: strict),
    .target(
      name: "PartitionScanner", dependencies: ["LinuxStorage", "SpaceModel", "CBlkid"],
      swiftSettings: strict),
    .target(
      name: "LinuxStorage", dependencies: ["SpaceModel", "CLinuxStorage"], swiftSettings: strict),

    // C.
    .target(name: "CLinuxStorage", cSettings: [.define("_GNU_SOURCE")]),
    .systemLibrary(name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
    .systemLibrary(name: "CExt2fs", pkgConfig: "ext2fs", providers: [.apt(["libext2fs-dev"])]),
    .systemLibrary(
      name: "CSquashfs", pkgConfig: "libsquashfs1", providers: [.apt(["libsquashfs-dev"])]),
    .systemLibrary(
      name: "CISO9660", pkgConfig: "libiso9660", providers: [.apt(["libiso9660-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // Tests.
    .target(name: "TestSupport", dependencies: ["SpaceModel"], path: "Tests/TestSupport"),
    .testTarget(name: "SpaceModelTests", dependencies: ["SpaceModel", "TestSupport"]),
    .testTarget(
      name: "SpaceReportTests", dependencies: ["SpaceReport", "SpaceModel", "TestSupport"]),
    .testTarget(
      name: "UpgradeProjectionTests",
      dependencies: [
        "UpgradeProjection", "FilesystemReader", "LinuxStorage", "SpaceModel", "TestSupport",
      ]),
    .testTarget(
      name: "ImageIntegrityTests",
      dependencies: [
        "ImageIntegrity", "SpaceAudit", "FilesystemReader", "LinuxStorage", "SpaceModel", "TestSupport",
      ]),
    .testTarget(
      name: "SpaceAuditTests",
      dependencies: [
        "SpaceAudit", "SpaceReport", "UpgradeProjection", "FilesystemReader", "PartitionScanner", "ExtentAnalyzer",
        "LinuxStorage", "SpaceModel", "TestSupport",
      ]),
    .testTarget(
      name: "ExtentAnalyzerTests",
      dependencies: ["ExtentAnalyzer", "LinuxStorage", "SpaceModel", "TestSupport"]),
    .testTarget(
      name: "FilesystemReaderTests",
      dependencies: [
        "FilesystemReader", "ExtentAnalyzer", "LinuxStorage", "SpaceModel", "TestSupport",
      ]),
    .testTarget(
      name: "PartitionScannerTests",
      dependencies: ["PartitionScanner", "LinuxStorage", "SpaceModel", "TestSupport"]),
    .testTarget(
      name: "HeadroomCommandsTests",
      dependencies: ["HeadroomCommands", "SpaceReport", "SpaceModel", "TestSupport"]),
  ]
)
