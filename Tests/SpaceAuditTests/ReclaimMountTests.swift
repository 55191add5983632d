import SpaceModel
import Testing

@testable import LinuxStorage

/// Which options of a mount are its own and which its filesystem's.
@Suite struct ReclaimMountTests {
  private let table = Array(
    """
    22 1 8:4 / /state rw,relatime shared:1 - ext4 /dev/sda4 rw,errors=remount-ro
    23 1 8:4 / /a\\040b ro,nosuid,noatime - ext4 /dev/sda4 rw,errors=remount-ro
    24 22 8:5 / /state ro,nosuid - xfs /dev/sda5 ro,attr2

    """.utf8)

  @Test("the topmost mount counts, with both kinds of options apart") func theTopmostMountCounts() throws {
    let top = try #require(Remount.find("/state", in: table))
    #expect(top.mountOptions == ["ro", "nosuid"])
    #expect(top.filesystemOptions == ["ro", "attr2"])
    #expect(top.isReadOnly)
    let bind = try #require(Remount.find("/a b", in: table))
    #expect(bind.isReadOnly)
    #expect(bind.filesystemOptions == ["rw", "errors=remount-ro"])
    #expect(Remount.find("/b", in: table) == nil)
  }
}
