import SpaceModel
import Testing

@Suite struct SizeTextTests {
  static let good: [(String, Int64)] = [
    ("0", 0), ("1", 1), ("4096", 4096), ("0004096", 4096), ("4096B", 4096),
    ("1K", 1024), ("1k", 1024), ("1KiB", 1024), ("1kiB", 1024), ("1kib", 1024), ("1KB", 1000), ("5kB", 5000),
    ("5kb", 5000), ("500M", 524_288_000), ("500MB", 500_000_000), ("6GiB", 6_442_450_944), ("1.5G", 1_610_612_736),
    ("1.5GB", 1_500_000_000), ("0.5K", 512), ("1.0T", 1_099_511_627_776), ("2P", 2_251_799_813_685_248),
    ("7E", 8_070_450_532_247_928_832), ("7.5E", 8_646_911_284_551_352_320), ("1.0001K", 1024),
    ("9223372036854775807", .max), ("0.0K", 0),
  ]

  @Test("sizes are read as people write them", arguments: good) func sizesAreReadAsPeopleWriteThem(
    text: String, bytes: Int64
  ) {
    #expect(SizeText.parse(text) == ByteCount(bytes))
  }

  static let bad = [
    "", " ", "-1", "+1", "- 1", "10Q", "1e3", "0x10", " 5", "5 ", "5 G", "9999999E", "8E", "8EiB", "9.5E", "K", "GiB",
    ".5G", "1.G", "1.", ".", "1..5G", "1.5.5G", "1.5", "1.5B", "1,5G", "1_000", "6GIB", "6Gi", "6GiBs", "6Gi B", "6G%",
    "9223372036854775808", "99999999999999999999", "99999999999999999999K", "9007199254740992K9", "nan", "inf", "1\n",
    "١٢", "5ß", "5ﬁ", "5İ", "1G\u{301}", "½G", "5\u{0}",
  ]

  @Test("anything else is no size", arguments: bad) func anythingElseIsNoSize(text: String) {
    #expect(SizeText.parse(text) == nil)
  }

  static let thresholds: [(String, SizeThreshold?)] = [
    ("10%", .percent(10)), ("0%", .percent(0)), ("100%", .percent(100)), ("2.5%", .percent(2.5)),
    ("500M", .bytes(.mebibytes(500))), ("0", .bytes(.zero)),
    ("100.1%", nil), ("101%", nil), ("-1%", nil), ("+1%", nil), ("%", nil), ("10%%", nil), ("1e1%", nil),
    ("nan%", nil), ("10 %", nil), (" 10%", nil), ("1.1.1%", nil), ("", nil), ("10Q", nil), ("٥%", nil),
  ]

  @Test("a threshold is a size or a percentage", arguments: thresholds) func aThresholdIsASizeOrAPercentage(
    text: String, threshold: SizeThreshold?
  ) {
    #expect(SizeThreshold.parse(text) == threshold)
  }

  @Test("a percentage is taken of what is there") func aPercentageIsTakenOfWhatIsThere() {
    #expect(SizeThreshold.percent(10).bytes(of: .gibibytes(8)) == ByteCount(858_993_459))
    #expect(SizeThreshold.percent(10).bytes(of: nil) == nil)
    #expect(SizeThreshold.percent(100).bytes(of: ByteCount(.max)) == ByteCount(.max))
    #expect(SizeThreshold.percent(0).bytes(of: ByteCount(.max)) == .zero)
    #expect(SizeThreshold.bytes(.mebibytes(3)).bytes(of: nil) == .mebibytes(3))
    #expect(SizeThreshold.bytes(.mebibytes(3)).bytes(of: .gibibytes(1)) == .mebibytes(3))
  }
}
