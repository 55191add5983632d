import Foundation
import SpaceModel
import SpaceReport
import Testing

@Suite struct ReportEncoderTests {
  private func json(_ value: some Encodable, indented: Bool = false) throws -> String {
    String(decoding: try ReportEncoder.encode(value, indented: indented), as: UTF8.self)
  }

  /// Every key there is, with a value.
  private static var full: Report {
    var image = Samples.image(reclaimable: .gibibytes(1))
    image.dataBytes = .gibibytes(3)
    image.holeBytes = .zero
    image.unwrittenBytes = .zero
    image.pastEofBytes = ByteCount(4096)
    image.metadataBytes = ByteCount(8192)
    image.sharedBytes = .zero
    image.zeroBytes = .gibibytes(1)
    image.reclaimableReasons = [.shared, .unitInferred]
    image.extentCount = 3
    image.fragmentCount = 2
    image.inUse = ImageInUse(by: "loop0", writable: true)
    image.os = OperatingSystem(prettyName: "Harvester v1.4.0", version: "1.4.0")
    image.inner = InnerFilesystem(filesystemType: "ext2")
    image.inner?.filesystemLabel = "COS_PASSIVE"
    image.inner?.capacityBytes = .gibibytes(3)
    image.inner?.usedBytes = .gibibytes(2)
    image.inner?.freeBytes = .gibibytes(1)
    image.inner?.staleBytes = .gibibytes(1)
    image.map = HoleMap(cellBytes: .gibibytes(1), cells: [.data, .data, .zero])
    var partition = Samples.state([image])
    partition.forgetMount()
    partition.blockBytes = ByteCount(4096)
    partition.clusterBytes = ByteCount(4096)
    partition.inodeBytes = ByteCount(256)
    partition.inodesFree = 500
    partition.features = ["has_journal", "extent"]
    partition.leftovers = [Partition.Leftover(path: "cOS/transition.img", allocatedBytes: .zero)]
    partition.totals = Partition.Totals(allocatedBytes: .gibibytes(3), reclaimableBytes: .gibibytes(1))
    var report = Samples.report(
      [partition], findings: [Finding(.imageNotSparse, .warning, target: "t", message: "m", remedy: "r")],
      limits: [Limit("id", "message")], node: "node-1")
    report.host.osID = "sle-micro"
    report.host.osName = "Harvester v1.4.0"
    report.host.product = "harvester"
    report.host.productVersion = "v1.4.0"
    report.host.architecture = "x86_64"
    return report
  }

  @Test("keys stand in the order in which they are declared") func keysStandInTheOrderInWhichTheyAreDeclared() throws {
    #expect(
      try json(Self.full, indented: true) == """
        {
          "schema_version": "1.0",
          "generated_at": "2026-02-03T04:05:06Z",
          "tool": {
            "name": "headroom",
            "version": "1.2.3"
          },
          "host": {
            "node_name": "node-1",
            "os_id": "sle-micro",
            "os_name": "Harvester v1.4.0",
            "product": "harvester",
            "product_version": "v1.4.0",
            "architecture": "x86_64"
          },
          "verdict": "warning",
          "limits": [
            {
              "id": "id",
              "message": "message"
            }
          ],
          "partitions": [
            {
              "filesystem_label": "COS_STATE",
              "partition_label": "state",
              "filesystem_type": "ext4",
              "device": "/dev/sda4",
              "state": "mounted",
              "mountpoints": [
                "/run/initramfs/cos-state"
              ],
              "size_bytes": 8589934592,
              "capacity_bytes": 8350298112,
              "free_bytes": 3356573696,
              "available_bytes": 2914000896,
              "usable_bytes": 3339796480,
              "block_bytes": 4096,
              "cluster_bytes": 4096,
              "inode_bytes": 256,
              "inodes_free": 500,
              "features": [
                "has_journal",
                "extent"
              ],
              "leftovers": [
                {
                  "path": "cOS/transition.img",
                  "allocated_bytes": 0
                }
              ],
              "totals": {
                "allocated_bytes": 3221225472,
                "reclaimable_bytes": 1073741824
              },
              "images": [
                {
                  "path": "cOS/passive.img",
                  "role": "passive",
                  "apparent_bytes": 3221225472,
                  "allocated_bytes": 3221225472,
                  "data_bytes": 3221225472,
                  "hole_bytes": 0,
                  "unwritten_bytes": 0,
                  "past_eof_bytes": 4096,
                  "metadata_bytes": 8192,
                  "shared_bytes": 0,
                  "zero_bytes": 1073741824,
                  "reclaimable_bytes": 1073741824,
                  "reclaimable_basis": "scan",
                  "reclaimable_reasons": [
                    "shared",
                    "allocation-unit-inferred"
                  ],
                  "sparse": false,
                  "extent_count": 3,
                  "fragment_count": 2,
                  "map_source": "fiemap",
                  "in_use": {
                    "by": "loop0",
                    "writable": true
                  },
                  "os": {
                    "pretty_name": "Harvester v1.4.0",
                    "version": "1.4.0"
                  },
                  "inner": {
                    "filesystem_type": "ext2",
                    "filesystem_label": "COS_PASSIVE",
                    "capacity_bytes": 3221225472,
                    "used_bytes": 2147483648,
                    "free_bytes": 1073741824,
                    "stale_bytes": 1073741824
                  },
                  "map": {
                    "cell_bytes": 1073741824,
                    "cells": "2dz"
                  }
                }
              ]
            }
          ],
          "projections": [],
          "findings": [
            {
              "id": "image-not-sparse",
              "severity": "warning",
              "target": "t",
              "message": "m",
              "remedy": "r"
            }
          ]
        }

        """)
  }

  @Test("what is not known is absent, never null") func whatIsNotKnownIsAbsentNeverNull() throws {
    var partition = Partition(device: "/dev/sdb", state: .offline)
    partition.images = [
      ImageUsage(path: "a", role: .other, apparentBytes: .zero, allocatedBytes: .zero, mapSource: .blocks)
    ]
    let json = try json(Samples.report([partition]))
    #expect(
      json
        == #"{"schema_version":"1.0","generated_at":"2026-02-03T04:05:06Z","tool":{"name":"headroom","version":"1.2.3"},"#
        + #""host":{},"verdict":"ok","limits":[],"partitions":[{"device":"/dev/sdb","state":"offline","mountpoints":[],"#
        + #""images":[{"path":"a","role":"other","apparent_bytes":0,"allocated_bytes":0,"map_source":"blocks"}]}],"#
        + #""projections":[],"findings":[]}"# + "\n")
  }

  static var reports: [Report] { [full, Samples.incident(), Samples.incident(node: nil), Samples.report([])] }

  @Test("other people's parsers read it, and ours gives the report back", arguments: [0, 1, 2, 3])
  func otherPeoplesParsersReadItAndOursGivesTheReportBack(index: Int)
    throws
  {
    let report = Self.reports[index]
    for indented in [true, false] {
      let bytes = Data(try ReportEncoder.encode(report, indented: indented))
      let object = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
      #expect(object["schema_version"] as? String == "1.0")
      #expect(!holdsNull(object))
      #expect(try JSONDecoder().decode(Report.self, from: bytes) == report)
    }
  }

  private func holdsNull(_ value: Any) -> Bool {
    switch value {
    case is NSNull: true
    case let object as [String: Any]: object.values.contains { holdsNull($0) }
    case let array as [Any]: array.contains { holdsNull($0) }
    default: false
    }
  }

  struct Figures: Encodable {
    var bytes: ByteCount
    var count: Int64
    var list: [ByteCount] = []
    var last = "end"
  }

  @Test("an integer that a double cannot hold gets a twin as text") func anIntegerThatADoubleCannotHoldGetsATwinAsText()
    throws
  {
    let largest: Int64 = 9_007_199_254_740_991
    #expect(
      try json(Figures(bytes: ByteCount(largest), count: -largest))
        == #"{"bytes":9007199254740991,"count":-9007199254740991,"list":[],"last":"end"}"# + "\n")
    #expect(
      try json(Figures(bytes: ByteCount(largest + 1), count: .min))
        == #"{"bytes":9007199254740992,"bytes_s":"9007199254740992","count":-9223372036854775808,"#
        + #""count_s":"-9223372036854775808","list":[],"last":"end"}"# + "\n")
    // There is no key to derive one from inside an array.
    #expect(
      try json(Figures(bytes: .zero, count: 0, list: [ByteCount(.max)]))
        == #"{"bytes":0,"count":0,"list":[9223372036854775807],"last":"end"}"# + "\n")
  }

  struct Words: Encodable {
    var first = ""
    var path: FilePath = ""
    var optional: String? = ""
    var list = ["", "a", ""]
    var paths: [FilePath] = ["", "b"]
    var nested = Nested()
    var last = 1

    struct Nested: Encodable { var text = "" }
  }

  @Test("an empty text is left out with its key, in a list too") func anEmptyTextIsLeftOut() throws {
    #expect(try json(Words()) == #"{"list":["a"],"paths":["b"],"nested":{},"last":1}"# + "\n")
    #expect(try json(["": "a"]) == #"{"":"a"}"# + "\n")
    #expect(try json("") == "\"\"\n")
  }

  @Test("partitions are sorted by label, those without behind, then by device")
  func partitionsAreSortedByLabelThoseWithoutBehindThenByDevice() {
    func partition(_ device: FilePath, _ label: String?) -> Partition {
      var partition = Partition(device: device, state: .offline)
      partition.filesystemLabel = label
      return partition
    }
    let sorted = [
      partition("/dev/sdb", "COS_OEM"), partition("/dev/sda", "COS_STATE"), partition("/dev/sdc", "COS_STATE"),
      partition("/dev/sda1", nil), partition("/dev/sda2", nil),
    ]
    #expect(Samples.report(sorted.reversed()).partitions == sorted)
  }

  @Test("a document of partitions carries the version too") func aDocumentOfPartitionsCarriesTheVersionToo() throws {
    let document = PartitionDocument(
      partitions: [Partition(device: "/dev/sda", state: .offline)], limits: [Limit("id", "m")])
    #expect(
      try json(document) == #"{"schema_version":"1.0","partitions":[{"device":"/dev/sda","state":"offline","#
        + #""mountpoints":[]}],"limits":[{"id":"id","message":"m"}]}"# + "\n")
    let bytes = Data(try ReportEncoder.encode(document))
    #expect(try JSONDecoder().decode(PartitionDocument.self, from: bytes) == document)
  }
}
