import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct TextReportTests {
  @Test("at 80 columns notes stand beneath their images") func at80ColumnsNotesStandBeneathTheirImages() {
    #expect(
      TextReport(Samples.incident(), style: Samples.plain).render() == """
        node-1: WARNING: 1 image wastes space; digging holes gives back 1.39 GiB.
            COS_STATE (/dev/sda4): 3.11 GiB of 7.78 GiB left for root.
        Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
            # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        PARTITION  DEVICE  TYPE      SIZE      FREE  FOR ROOT  STATE
        COS_OEM    sda2    ext4  50.0 MiB         -         -  offline
        COS_STATE  sda4    ext4  8.00 GiB  3.13 GiB  3.11 GiB  /run/initramfs/cos-state

        IMAGES ON COS_STATE  ROLE     APPARENT  ALLOCATED  RECLAIMABLE
        cOS/active.img       active   3.00 GiB   1.61 GiB          0 B  █████████·······
          running root (loop0)
        cOS/passive.img      passive  3.00 GiB   3.00 GiB     1.39 GiB  █████████▒▒▒▒▒▒▒
          no holes
        on COS_STATE in all 4.61 GiB allocated, 1.39 GiB reclaimable

        warning image-not-sparse COS_STATE:cOS/passive.img
          It is written out in full, 3.00 GiB for 3.00 GiB, though 46 % of it is empty:
          digging holes gives back 1.39 GiB. It was copied without its holes; headroom
          copy keeps them.
          Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
              # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        Not seen:
          - no answer in time from nbd0

        """)
  }

  @Test("at 200 columns there is room for the bar and the system inside")
  func at200ColumnsThereIsRoomForTheBarAndTheSystemInside() {
    #expect(
      TextReport(Samples.incident(), style: Samples.wide).render() == """
        node-1: WARNING: 1 image wastes space; digging holes gives back 1.39 GiB.
            COS_STATE (/dev/sda4): 3.11 GiB of 7.78 GiB left for root.
        Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
            # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        PARTITION  DEVICE  TYPE      SIZE      FREE  FOR ROOT  STATE
        COS_OEM    sda2    ext4  50.0 MiB         -         -  offline
        COS_STATE  sda4    ext4  8.00 GiB  3.13 GiB  3.11 GiB  /run/initramfs/cos-state

        IMAGES ON COS_STATE  ROLE     APPARENT  ALLOCATED  RECLAIMABLE
        cOS/active.img       active   3.00 GiB   1.61 GiB          0 B  █████████████████···············  running \
        root (loop0), Harvester v1.4.0
        cOS/passive.img      passive  3.00 GiB   3.00 GiB     1.39 GiB  █████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  no holes, \
        Harvester v1.4.0
        on COS_STATE in all 4.61 GiB allocated, 1.39 GiB reclaimable

        warning image-not-sparse COS_STATE:cOS/passive.img
          It is written out in full, 3.00 GiB for 3.00 GiB, though 46 % of it is empty: digging holes gives back \
        1.39 GiB. It was copied without its holes; headroom copy keeps them.
          Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
              # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        Not seen:
          - no answer in time from nbd0

        """)
  }

  @Test("ASCII mode says the same in ASCII") func asciiModeSaysTheSameInASCII() {
    #expect(
      TextReport(Samples.incident(), style: Samples.ascii).render() == """
        node-1: WARNING: 1 image wastes space; digging holes gives back 1.39 GiB.
            COS_STATE (/dev/sda4): 3.11 GiB of 7.78 GiB left for root.
        Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
            # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        PARTITION  DEVICE  TYPE      SIZE      FREE  FOR ROOT  STATE
        COS_OEM    sda2    ext4  50.0 MiB         -         -  offline
        COS_STATE  sda4    ext4  8.00 GiB  3.13 GiB  3.11 GiB  /run/initramfs/cos-state

        IMAGES ON COS_STATE  ROLE     APPARENT  ALLOCATED  RECLAIMABLE
        cOS/active.img       active   3.00 GiB   1.61 GiB          0 B  #########.......
          running root (loop0)
        cOS/passive.img      passive  3.00 GiB   3.00 GiB     1.39 GiB  #########0000000
          no holes
        on COS_STATE in all 4.61 GiB allocated, 1.39 GiB reclaimable

        warning image-not-sparse COS_STATE:cOS/passive.img
          It is written out in full, 3.00 GiB for 3.00 GiB, though 46 % of it is empty:
          digging holes gives back 1.39 GiB. It was copied without its holes; headroom
          copy keeps them.
          Do: headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img
              # without headroom: mount -o remount,rw /run/initramfs/cos-state && fallocate --dig-holes \
        /run/initramfs/cos-state/cOS/passive.img; mount -o remount,ro /run/initramfs/cos-state

        Not seen:
          - no answer in time from nbd0

        """)
  }

  /// Reports whose texts are long: a disk image in a deep directory, many findings.
  static var reports: [Report] {
    var overcommitted = Samples.image("cOS/active.img", role: .active, reclaimable: .mebibytes(700), sparse: true)
    overcommitted.holeBytes = .gibibytes(5)
    overcommitted.inUse = ImageInUse(by: "running root (loop0), loop3", writable: true)
    overcommitted.reclaimableReasons = [.shared]
    var partition = Samples.state([overcommitted, Samples.image(reclaimable: .gibibytes(2), basis: .estimate)])
    partition.device = FilePath("/var/tmp/a-directory-with-a-long-name/harvester-1.4.0-fresh-install.img#4")
    (partition.state, partition.mountpoints, partition.wholeMountpoint) = (.offline, [], nil)
    partition.leftovers = [Partition.Leftover(path: "cOS/transition.img", allocatedBytes: .gibibytes(2))]
    var persistent = partition
    (persistent.filesystemLabel, persistent.images, persistent.leftovers) = ("COS_PERSISTENT", nil, nil)
    let long = Samples.report(
      [partition, persistent], findings: ImageRules().findings(for: partition),
      limits: [
        Limit(
          "a", "not opened: nbd0, nbd1, nbd2, nbd3 (network block devices may never answer); --all-devices opens them"),
        Limit(
          "b", "COS_STATE: its journal was not replayed, so it was mounted or not cleanly unmounted when it was copied."
        ),
      ])
    return [Samples.incident(), Samples.incident(node: nil), long, Samples.report([])]
  }

  @Test(
    "no line is wider than the terminal but a table and what is there to be pasted", arguments: [60, 80, 120, 200],
    [true, false])
  func noLineIsWiderThanTheTerminalButATableAndWhatIsThereToBePasted(width: Int, unicode: Bool) {
    let style = TextStyle(width: width, unicode: unicode)
    for report in Self.reports {
      var isTable = false
      for line in TextReport(report, style: style).render().split(separator: "\n", omittingEmptySubsequences: false) {
        if line.hasPrefix("PARTITION ") || line.hasPrefix("IMAGES ON ") { isTable = true }
        if line.isEmpty { isTable = false }
        // A table needs 80 columns; a path is one word.
        if isTable, width < 80 { continue }
        if line.contains("/a-directory-with-a-long-name/") || line.contains("cos-state")
          || line.contains("# on the node")
        {
          continue
        }
        #expect(line.count <= width, "\(line)")
      }
    }
  }

  @Test("ASCII mode is pure ASCII", arguments: [40, 80, 200]) func asciiModeIsPureASCII(width: Int) {
    let style = TextStyle(width: width, unicode: false)
    for report in Self.reports {
      let text = TextReport(report, style: style).render()
      #expect(text.utf8.allSatisfy { $0 == 0x0A || (0x20..<0x7F).contains($0) })
    }
  }

  @Test("without colour there are no escape codes, and with it the words are the same")
  func withoutColourThereAreNoEscapeCodesAndWithItTheWordsAreTheSame() {
    for report in Self.reports {
      let plain = TextReport(report, style: TextStyle(width: 80)).render()
      #expect(!plain.contains("\u{1B}"))
      let colored = TextReport(report, style: TextStyle(width: 80, color: true)).render()
      #expect(colored.contains("\u{1B}["))
      if report.findings.isEmpty { #expect(withoutCodes(colored) == plain) }
      // Codes may move where a line is broken, nothing else.
      #expect(words(withoutCodes(colored)) == words(plain))
    }
  }

  private func withoutCodes(_ text: String) -> String {
    var out = ""
    var isCode = false
    for character in text {
      if character == "\u{1B}" { isCode = true }
      if !isCode { out.append(character) }
      if isCode, character == "m" { isCode = false }
    }
    return out
  }

  private func words(_ text: String) -> [Substring] { text.split { $0 == " " || $0 == "\n" } }

  @Test("names from a disk cannot drive the terminal") func namesFromADiskCannotDriveTheTerminal() {
    var partition = Samples.state([Samples.image("cOS/\u{1B}[2J\n.img", reclaimable: .gibibytes(2))])
    partition.filesystemLabel = "\u{9B}31mCOS"
    partition.mountpoints = [FilePath(bytes: [0x2F, 0x0D, 0xFF])]
    let report = Samples.report(
      [partition], findings: ImageRules().findings(for: partition), node: "node\u{7}\u{202E}")
    let text = TextReport(report, style: Samples.plain).render()
    #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    #expect(!text.contains("\u{202E}"))
    #expect(text.hasPrefix("node\\x07\\u{202e}: WARNING: "))
  }

  static let openings: [([Finding], String)] = [
    ([], "node-1: OK: nothing is wasted; no images were found."),
    (
      [Finding(.recoveryNotSparse, .info, target: "t", message: "m", remedy: "r")],
      "node-1: OK: nothing is wasted; no images were found."
    ),
    ([Finding(.labelMissing, .warning, target: "t", message: "No such label.")], "node-1: UNKNOWN: t: No such label."),
    (
      [
        Finding(.labelAmbiguous, .critical, target: "t", message: "Two of them."),
        Finding(.labelMissing, .warning, target: "t", message: "No such label."),
      ],
      "node-1: CRITICAL: t: Two of them."
    ),
    (
      [Finding(.imageOvercommitted, .warning, target: "t", message: "Too many holes.")],
      "node-1: WARNING: t: Too many holes."
    ),
  ]

  @Test("the first line is the verdict", arguments: openings) func theFirstLineIsTheVerdict(
    findings: [Finding], line: String
  ) {
    let text = TextReport(Samples.report([], findings: findings, node: "node-1"), style: Samples.plain).render()
    #expect(text.split(separator: "\n").first.map(String.init) == line)
  }

  @Test("the one thing to do stands before the tables, and no info is that")
  func theOneThingToDoStandsBeforeTheTablesAndNoInfoIsThat() {
    let text = TextReport(Samples.incident(), style: Samples.plain).render()
    #expect(text.split(separator: "\n")[2].hasPrefix("Do: headroom reclaim --apply --remount "))
    // What is to be done about a disk image is to be done where it came from.
    let disk = TextReport(Samples.incident(node: nil), style: Samples.plain).render()
    #expect(disk.contains("\nDo: headroom reclaim --apply --remount "))
    let info = Samples.report(
      [], findings: [Finding(.recoveryNotSparse, .info, target: "t", message: "m", remedy: "r")])
    #expect(!TextReport(info, style: Samples.plain).render().contains("\nDo: "))
  }

  @Test("sizes can be plain bytes") func sizesCanBePlainBytes() {
    let text = TextReport(Samples.incident(), style: TextStyle(width: 200, exactBytes: true)).render()
    #expect(text.contains(" 3221225472  3221225472   1494691840 "))
  }

  @Test("an estimate and a lower bound are marked") func anEstimateAndALowerBoundAreMarked() {
    var bounded = Samples.image(reclaimable: .gibibytes(1))
    bounded.reclaimableReasons = [.shared]
    let estimate = Samples.image(reclaimable: .gibibytes(2), basis: .estimate)
    let text = TextReport(Samples.report([Samples.state([bounded, estimate])]), style: Samples.plain).render()
    #expect(text.contains(" ≥1.00 GiB"))
    #expect(text.contains(" ~2.00 GiB"))
    let ascii = TextReport(Samples.report([Samples.state([bounded])]), style: Samples.ascii).render()
    #expect(ascii.contains(" >=1.00 GiB"))
  }
}
