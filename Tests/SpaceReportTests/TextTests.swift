import SpaceModel
import Testing

@testable import SpaceReport

@Suite struct TextReportTests {
  @Test("at 80 columns notes stand beneath their images") func at80ColumnsNotesStandBeneathTheirImages() {
    #expect(
      TextReport(Samples.incident(), style: Samples.plain).render() == """
        node-1: WARNING: 1 image wastes space; digging holes gives back 1.39 GiB.
            COS_STATE (/dev/sda4): 3.11 GiB of 7.78 GiB left for root.
        Do: mount -o remount,rw /run/initramfs/cos-state
            fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
            mount -o remount,ro /run/initramfs/cos-state

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
          digging holes gives back 1.39 GiB. It was copied without its holes.
          Do: mount -o remount,rw /run/initramfs/cos-state
              fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
              mount -o remount,ro /run/initramfs/cos-state

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
        Do: mount -o remount,rw /run/initramfs/cos-state
            fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
            mount -o remount,ro /run/initramfs/cos-state

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
        1.39 GiB. It was copied without its holes.
          Do: mount -o remount,rw /run/initramfs/cos-state
              fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
              mount -o remount,ro /run/initramfs/cos-state

        Not seen:
          - no answer in time from nbd0

        """)
  }

  @Test("ASCII mode says the same in ASCII") func asciiModeSaysTheSameInASCII() {
    #expect(
      TextReport(Samples.incident(), style: Samples.ascii).render() == """
        node-1: WARNING: 1 image wastes space; digging holes gives back 1.39 GiB.
            COS_STATE (/dev/sda4): 3.11 GiB of 7.78 GiB left for root.
        Do: mount -o remount,rw /run/initramfs/cos-state
            fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
            mount -o remount,ro /run/initramfs/cos-state

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
          digging holes gives back 1.39 GiB. It was copied without its holes.
          Do: mount -o remount,rw /run/initramfs/cos-state
              fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img
              mount -o remount,ro /run/initramfs/cos-state

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
        if line.contains("/a-directory-with-a-long-name/") || line.contains("cos-state") { continue }
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
    #expect(text.split(separator: "\n")[2].hasPrefix("Do: mount -o remount,rw "))
    // What is to be done about a disk image is to be done where it came from.
    let disk = TextReport(Samples.incident(node: nil), style: Samples.plain).render()
    #expect(disk.contains("\nDo, on the node:\n    mount -o remount,rw "))
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

@Suite struct MapPictureTests {
  private static func picture(_ style: TextStyle) -> MapPicture {
    var image = Samples.image(reclaimable: .mebibytes(456), sparse: true)
    image.dataBytes = ByteCount(2_097_152_000)
    image.zeroBytes = .mebibytes(480)
    image.unwrittenBytes = .mebibytes(24)
    image.holeBytes = ByteCount(1_098_907_648)
    image.pastEofBytes = ByteCount(4096)
    image.extentCount = 12
    image.fragmentCount = 1
    image.reclaimableReasons = [.shared]
    var cells: [CellKind] = Array(repeating: .data, count: 66) + Array(repeating: .zero, count: 20)
    cells += [.mostlyHole, .mostlyHole] + Array(repeating: .hole, count: 38) + [.unreadable, .unwritten]
    return MapPicture(image, cells: cells, cellBytes: .mebibytes(24), unreadable: .mebibytes(24), style: style)
  }

  @Test("rows, legend and what digging gives back at 80 columns") func rowsLegendAndWhatDiggingGivesBackAt80Columns() {
    #expect(
      Self.picture(Samples.plain).render() == """
        cOS/passive.img: 3.00 GiB apparent, 3.00 GiB allocated, 12 extents in 1 fragment
               0 B ████████████████████████████████████████████████████████████████
          1.50 GiB ██▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▁▁······································!░
          █  data               1.46 GiB  49 %
          ▒  zeros written out   480 MiB  16 %
          ░  unwritten          24.0 MiB  <1 %
          ·  hole               1.02 GiB  34 %
          ▁  mostly hole
          !  unreadable         24.0 MiB  <1 %
             behind the end     4.00 KiB
          one cell is 24.0 MiB
          digging holes gives back at least 456 MiB
            (zeros that another file or snapshot shares stay allocated)

        """)
  }

  @Test("one row at 200 columns") func oneRowAt200Columns() {
    #expect(
      Self.picture(Samples.wide).render() == """
        cOS/passive.img: 3.00 GiB apparent, 3.00 GiB allocated, 12 extents in 1 fragment
               0 B \
        ██████████████████████████████████████████████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▁▁·····················\
        ·················!░
          █  data               1.46 GiB  49 %
          ▒  zeros written out   480 MiB  16 %
          ░  unwritten          24.0 MiB  <1 %
          ·  hole               1.02 GiB  34 %
          ▁  mostly hole
          !  unreadable         24.0 MiB  <1 %
             behind the end     4.00 KiB
          one cell is 24.0 MiB
          digging holes gives back at least 456 MiB
            (zeros that another file or snapshot shares stay allocated)

        """)
  }

  @Test("the same in ASCII") func theSameInASCII() {
    #expect(
      Self.picture(Samples.ascii).render() == """
        cOS/passive.img: 3.00 GiB apparent, 3.00 GiB allocated, 12 extents in 1 fragment
               0 B ################################################################
          1.50 GiB ##00000000000000000000__......................................!u
          #  data               1.46 GiB  49 %
          0  zeros written out   480 MiB  16 %
          u  unwritten          24.0 MiB  <1 %
          .  hole               1.02 GiB  34 %
          _  mostly hole
          !  unreadable         24.0 MiB  <1 %
             behind the end     4.00 KiB
          one cell is 24.0 MiB
          digging holes gives back at least 456 MiB
            (zeros that another file or snapshot shares stay allocated)

        """)
  }

  @Test("a picture fits the terminal and a screen", arguments: [40, 80, 81, 120, 200])
  func aPictureFitsTheTerminalAndAScreen(width: Int) {
    #expect(MapPicture.columns(width: width) % 8 == 0)
    #expect(MapPicture.cellLimit(width: width) == MapPicture.columns(width: width) * 16)
    for line in Self.picture(TextStyle(width: width)).render().split(separator: "\n") {
      #expect(line.count <= max(width, 63), "\(line)")
    }
  }

  @Test("an empty file has no rows") func anEmptyFileHasNoRows() {
    var image = Samples.image("empty", apparent: .zero, allocated: .zero)
    image.dataBytes = .zero
    image.holeBytes = .zero
    image.extentCount = 0
    image.fragmentCount = 0
    let picture = MapPicture(image, cells: [], cellBytes: ByteCount(512), unreadable: .zero, style: Samples.plain)
    #expect(
      picture.render() == """
        empty: 0 B apparent, 0 B allocated, 0 extents in 0 fragments
          █  data (not read)  0 B  0 %
          ·  hole             0 B  0 %

        """)
  }

  @Test(
    "a map that is less than exact says so",
    arguments: [
      (MapSource.seek, "  map by SEEK_HOLE: this filesystem tells no extents\n"),
      (.blocks, "  no map: this filesystem tells only how much is allocated\n"),
    ])
  func aMapThatIsLessThanExactSaysSo(source: MapSource, line: String) {
    var image = Samples.image("a")
    image.mapSource = source
    let picture = MapPicture(image, cells: [], cellBytes: ByteCount(512), unreadable: .zero, style: Samples.plain)
    #expect(picture.render().hasSuffix(line))
  }

  @Test("every kind has a glyph of its own, and every reason a sentence")
  func everyKindHasAGlyphOfItsOwnAndEveryReasonASentence() {
    for style in [Samples.plain, Samples.ascii] {
      #expect(Set(CellKind.allCases.map { style.glyph($0) }).count == CellKind.allCases.count)
    }
    #expect(CellKind.allCases.allSatisfy { Samples.ascii.glyph($0).isASCII })
    let reasons: [ReclaimableReason] = [
      .shared, .encoded, .partOfLargerExtent, .extentsNotReadable, .unitInferred, .notWrittenBack, .inline,
      .filesystemNotKnown, .notAllRead,
    ]
    #expect(Set(reasons.map(\.explanation)).count == reasons.count)
  }
}

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

@Suite struct TextLayoutTests {
  static let wrapped: [(String, Int, Int, [String])] = [
    ("", 10, 2, [""]), ("a b c", 10, 2, ["a b c"]), ("aaa bbb ccc", 7, 2, ["aaa bbb", "  ccc"]),
    ("  aaa bbb", 6, 4, ["  aaa", "    bbb"]), ("aaaaaaaaaaaa b", 5, 1, ["aaaaaaaaaaaa", " b"]),
    ("a aaaaaaaaaaaa", 5, 1, ["a", " aaaaaaaaaaaa"]),
    ("of 3.11 GiB, or 46 % less", 8, 1, ["of", " 3.11 GiB,", " or 46 %", " less"]),
    ("B is no unit here", 1, 0, ["B", "is", "no", "unit", "here"]),
  ]

  @Test("text breaks at spaces", arguments: wrapped) func textBreaksAtSpaces(
    text: String, width: Int, indent: Int, lines: [String]
  ) {
    #expect(TextWrap.wrap(text, width: width, indent: indent) == lines)
  }

  @Test("columns are as wide as a terminal draws them") func columnsAreAsWideAsATerminalDrawsThem() {
    var table = TextTable([.left, .right, .left])
    table.add(["日本", "1", "a"])
    table.add(["état", "22", ""])
    table.add(["e\u{301}", "333", "b"])
    #expect(table.lines(indent: 1) == [" 日本    1  a", " état   22", " e\u{301}     333  b"])
    #expect(TextTable([.left]).lines().isEmpty)
  }

  @Test("a terminal is never taken for narrower than 40 columns") func aTerminalIsNeverTakenForNarrowerThan40Columns() {
    #expect(TextStyle(width: 3).width == 40)
    #expect(TextStyle(width: 300).width == 300)
  }

  @Test("the bar shows an unreadable place however small") func theBarShowsAnUnreadablePlaceHoweverSmall() {
    #expect([CellKind.data, .data, .unreadable].commonest == .unreadable)
    #expect([CellKind.data, .hole, .hole].commonest == .hole)
    #expect([CellKind.data, .hole].commonest == [CellKind.hole, .data].commonest)
  }
}
