import Foundation
import LinuxStorage
import SpaceModel
import Testing

@testable import PartitionScanner

/// One label, several partitions: which one is meant, and which one elemental takes.
@Suite struct LabelChoiceTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var partitions: [ScannedPartition]
    var root: UInt32?
    var link: String?
    /// Kernel names; `nil` for none.
    var chosen: String?
    var isAmbiguous = false
    var isSame = false
    var before: String?
    var since: String?
  }

  static func part(
    _ name: String, label: String? = "COS_STATE", gpt: String? = nil, mounted: Bool = false,
    usage: ContentUsage = .filesystem, uuid: String? = nil
  ) -> ScannedPartition {
    var partition = ScannedPartition(device: FilePath("/dev/" + name))
    partition.kernelName = name
    partition.filesystemLabel = label
    partition.partitionLabel = gpt
    partition.usage = usage
    partition.filesystemUUID = uuid
    let number = DeviceNumber(major: 8, minor: UInt32(name.utf8.reduce(0) { $0 * 31 % 1009 + Int($1) }))
    partition.deviceNumber = number
    if mounted {
      partition.mounts = [
        Mount(
          device: number, root: "/", mountpoint: "/m", options: [], filesystemType: "ext4", source: partition.device)
      ]
    }
    return partition
  }

  static let rows: [Row] = [
    Row(testDescription: "nowhere", partitions: [part("sda1", label: "X")]),
    Row(testDescription: "one", partitions: [part("sda4")], chosen: "sda4", before: "sda4", since: "sda4"),
    Row(
      testDescription: "two, nothing mounted", partitions: [part("sda4", uuid: "1"), part("sdb4", uuid: "2")],
      chosen: "sda4", isAmbiguous: true, before: "sdb4"),
    Row(
      testDescription: "two of one UUID", partitions: [part("sda4", uuid: "1"), part("sdb4", uuid: "1")],
      chosen: "sda4", isAmbiguous: true, isSame: true, before: "sdb4"),
    Row(
      testDescription: "two without UUID", partitions: [part("sda4"), part("sdb4")], chosen: "sda4",
      isAmbiguous: true, before: "sdb4"),
    Row(
      testDescription: "second mounted, link to the first", partitions: [part("sda4"), part("sdb4", mounted: true)],
      link: "sda4", chosen: "sdb4", isAmbiguous: true, before: "sdb4", since: "sda4"),
    Row(
      testDescription: "GPT name wins over label for elemental",
      partitions: [part("sda4"), part("sdb1", label: nil, gpt: "state")], chosen: "sda4", before: "sdb1",
      since: "sda4"),
    Row(
      testDescription: "a LUKS container is not chosen",
      partitions: [part("sda4", usage: .crypto), part("dm-0")], chosen: "dm-0", before: "dm-0"),
    Row(
      testDescription: "a LUKS container alone", partitions: [part("sda4", usage: .crypto)], chosen: "sda4",
      before: "sda4", since: "sda4"),
  ]

  @Test("a label resolves by the rules", arguments: rows) func aLabelResolvesByTheRules(row: Row) {
    let choice = LabelChoice(
      label: "COS_STATE", partitionName: "state", partitions: row.partitions, byLabelLink: row.link)
    #expect(choice.resolution.chosen?.kernelName == row.chosen)
    #expect(choice.resolution.isAmbiguous == row.isAmbiguous)
    if case .ambiguous(_, let isSame) = choice.resolution { #expect(isSame == row.isSame) }
    #expect(choice.elementalBefore117?.kernelName == row.before)
    #expect(choice.elementalSince117?.kernelName == row.since)
  }

  @Test("the partition under the running root counts, whatever else is mounted")
  func thePartitionUnderTheRunningRootCountsWhateverElseIsMounted() {
    let (first, second) = (Self.part("sda4", mounted: true), Self.part("sdb4"))
    let choice = LabelChoice(
      label: "COS_STATE", partitionName: nil, partitions: [first, second], runningRoot: second.deviceNumber)
    #expect(choice.resolution.chosen == second)
    #expect(choice.elementalBefore117 == first)
  }

  @Test(
    "udev's link names are found",
    arguments: [
      ("COS_STATE", "COS_STATE"), ("a b", "a\\x20b"), ("a/b\"", "a\\x2fb\\x22"), ("état", "état"), ("b\\", "b\\x5c"),
    ])
  func udevsLinkNamesAreFound(label: String, name: String) throws {
    #expect(ByLabelLink.linkName(for: Array(label.utf8)) == Array(name.utf8))
  }

  @Test("a partition is coded without mounts and UUID") func aPartitionIsCodedWithoutMountsAndUUID() throws {
    let partition = Self.part("sda4", gpt: "state", mounted: true, uuid: "secret")
    let json = try JSONEncoder().encode(partition)
    #expect(!String(decoding: json, as: UTF8.self).contains("secret"))
    var expected = partition
    expected.mounts = []
    expected.filesystemUUID = nil
    #expect(try JSONDecoder().decode(ScannedPartition.self, from: json) == expected)
  }
}
