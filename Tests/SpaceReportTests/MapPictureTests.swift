import SpaceModel
import Testing

@testable import SpaceReport

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
