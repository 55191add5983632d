import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct PartitionTableTests {
  private static var document: PartitionDocument {
    var hostile = Partition(device: FilePath(bytes: [0x2F, 0xFF]), state: .mounted, mountpoints: ["/a b", "/c"])
    hostile.filesystemLabel = "a\nb"
    return PartitionDocument(
      partitions: Samples.incident().partitions + [hostile],
      limits: [
        Limit(
          "device-not-opened",
          "not opened: nbd0, nbd1 (network block devices may never answer); --all-devices opens them")
      ])
  }

  @Test("the table is like that of lsblk") func theTableIsLikeThatOfLsblk() {
    #expect(
      PartitionTable(Self.document, style: Samples.plain, heading: true).render() == """
        DEVICE         SIZE  TYPE  LABEL      PARTLABEL  MOUNTPOINTS
        /dev/sda2  50.0 MiB  ext4  COS_OEM    -          -
        /dev/sda4  8.00 GiB  ext4  COS_STATE  state      /run/initramfs/cos-state
        /\\xff             -  -     a\\x0ab     -          /a b /c

        Not seen:
          - not opened: nbd0, nbd1 (network block devices may never answer);
            --all-devices opens them

        """)
  }

  @Test("at 200 columns nothing is wrapped, and the heading can be left out")
  func at200ColumnsNothingIsWrappedAndTheHeadingCanBeLeftOut() {
    #expect(
      PartitionTable(Self.document, style: Samples.wide, heading: false).render() == """
        /dev/sda2  50.0 MiB  ext4  COS_OEM    -      -
        /dev/sda4  8.00 GiB  ext4  COS_STATE  state  /run/initramfs/cos-state
        /\\xff             -  -     a\\x0ab     -      /a b /c

        Not seen:
          - not opened: nbd0, nbd1 (network block devices may never answer); --all-devices opens them

        """)
  }
}
