import SpaceModel
import Testing

@testable import UpgradeProjection

@Suite struct KubeletRulesTests {
  static let versions: [(String?, [KubeletRule])] = [
    ("v1.0.3", []), ("v1.1.0", []), ("v1.1.2", []), ("v1.1.2-rc7", []), ("v1.1.3-rc1", [.availableSpace]),
    ("v1.1.3", [.availableSpace]), ("v1.2.0-rc1", [.availableSpace]), ("v1.2.0", [.availableSpace]),
    ("v1.2.1", [.availableSpace]), ("v1.2.2-rc1", [.imageThreshold, .availableSpace]),
    ("v1.2.2", [.imageThreshold, .availableSpace]), ("v1.3.0-rc1", [.imageThreshold, .availableSpace]),
    ("v1.3.2", [.imageThreshold, .availableSpace]), ("1.4.0", [.imageThreshold, .availableSpace]),
    ("v1.4.3", [.imageThreshold, .availableSpace]), ("v1.4", [.imageThreshold, .availableSpace]),
    ("v1.5.0-rc1", [.imageThreshold]), ("v1.5.0-rc2", [.imageThreshold]), ("v1.5.0", [.imageThreshold]),
    ("v1.5.1-dev-20250501", [.imageThreshold]), ("v1.7.1", [.imageThreshold]), ("v1.9.0-rc6+build", [.imageThreshold]),
    ("v2.0.0", [.imageThreshold]),
    // Not known, or made on either side of a change.
    (nil, [.imageThreshold, .availableSpace]), ("v1.5.0-dev-20250113", [.imageThreshold, .availableSpace]),
  ]

  @Test("each version has its rules", arguments: versions) func eachVersionHasItsRules(
    text: String?, rules: [KubeletRule]
  ) {
    #expect(KubeletRules.rules(running: text.flatMap { ReleaseVersion($0) }) == rules)
  }

  /// Worked by hand, in bytes. 13 GiB = 13 958 643 712, 30 GiB = 32 212 254 720; 85 % of 250 GiB (268 435 456 000) is
  /// 228 170 137 600, so 214 211 493 888 may be used and 54 223 962 112 must be free.
  static let cases: [(String, capacity: Int64, free: Int64, available: Int64, KubeletAdmission.Outcome, Int64?)] = [
    // 85 % exactly passes, a byte more does not.
    ("v1.5.0", 268_435_456_000, 54_223_962_112, 0, .allowed, 0),
    ("v1.5.0", 268_435_456_000, 54_223_962_111, 0, .denied, -1),
    ("v1.5.0", 268_435_456_000, 54_223_962_113, 0, .allowed, 1),
    // f_bavail plays no part in it.
    ("v1.7.1", 268_435_456_000, 54_223_962_112, 40_802_189_312, .allowed, 0),
    // 30 GiB exactly passes; how full it is plays no part before 1.2.2.
    ("v1.2.1", 1_099_511_627_776, 40_000_000_000, 32_212_254_720, .allowed, 0),
    ("v1.2.1", 1_099_511_627_776, 40_000_000_000, 32_212_254_719, .denied, -1),
    ("v1.1.3", 1_099_511_627_776, 40_000_000_000, 32_212_254_721, .allowed, 1),
    // Both: the tighter decides.
    ("v1.4.0", 268_435_456_000, 54_223_962_112, 40_802_189_312, .allowed, 0),
    ("v1.4.0", 268_435_456_000, 54_223_962_111, 40_802_189_311, .denied, -1),
    ("v1.3.0", 268_435_456_000, 60_000_000_000, 32_212_254_719, .denied, -1),
    ("v1.2.2", 268_435_456_000, 60_000_000_000, 32_212_254_720, .allowed, 0),
    // 120 GiB (128 849 018 880): 85 % = 109 521 666 048, so 95 563 022 336 used and 33 285 996 544 (31 GiB) free.
    ("v1.4.2", 128_849_018_880, 33_285_996_544, 32_212_254_720, .allowed, 0),
    ("v1.5.0", 128_849_018_880, 33_285_996_544, 1, .allowed, 0),
    ("v1.5.0", 128_849_018_880, 33_285_996_543, 1, .denied, -1),
    // 85 % of 1 000 000 000 is 850 000 000, less 13 GiB: nothing helps.
    ("v1.5.0", 1_000_000_000, 1_000_000_000, 950_000_000, .denied, 850_000_000 - 13_958_643_712),
    // 147 GiB disk with 28 GiB used, the issue's own figures: (28 + 13) / 147 = 27.9 %.
    ("v1.3.0", 157_840_048_128, 127_775_277_056, 120_259_084_288, .allowed, 88_046_829_568),
    ("v1.1.2", 0, 0, 0, .allowed, nil),
    ("v1.5.0", 0, 0, 0, .denied, -13_958_643_712),
    ("v1.5.0", -5, -5, -5, .denied, -13_958_643_712),
  ]

  @Test("the table worked by hand", arguments: cases.indices) func theTableWorkedByHand(index: Int) {
    let (version, capacity, free, available, outcome, headroom) = Self.cases[index]
    let running = ReleaseVersion(version)
    #expect(running != nil)
    let admission = KubeletRules.admission(
      running: running, capacity: ByteCount(capacity), free: ByteCount(free),
      available: ByteCount(available))
    #expect(admission.outcome == outcome)
    #expect(admission.tightest?.headroomBytes.bytes == headroom)
  }

  @Test("headroom is exact: freed, it passes; a byte less, it does not")
  func headroomIsExact() throws {
    // Also where a double rounds.
    let capacities: [Int64] = [
      16_424_905_113, 107_374_182_401, 255_999_999_999, 1 << 40, 9_007_199_254_740_993, 1 << 62,
    ]
    for capacity in capacities {
      let full = KubeletRules.admission(
        running: ReleaseVersion("v1.7.0"), capacity: ByteCount(capacity), free: .zero, available: .zero)
      let shortfall = -(try #require(full.tightest).headroomBytes.bytes)
      for (freed, outcome) in [(shortfall, KubeletAdmission.Outcome.allowed), (shortfall - 1, .denied)] {
        // The webhook's line in another spelling, on the same doubles.
        let use = Double(UInt64(capacity - freed) + 13 << 30) / Double(UInt64(capacity)) * 100.0
        #expect((use > 85) == (outcome == .denied), "\(capacity)")
        let after = KubeletRules.admission(
          running: ReleaseVersion("v1.7.0"), capacity: ByteCount(capacity), free: ByteCount(freed), available: .zero)
        #expect(after.outcome == outcome, "\(capacity)")
      }
    }
  }

  static let unknowns: [(Int64, Int64, KubeletAdmission.Outcome)] = [
    (60_000_000_000, 50_000_000_000, .allowed), (60_000_000_000, 30_000_000_000, .unknown),
    (50_000_000_000, 40_000_000_000, .unknown), (30_000_000_000, 20_000_000_000, .denied),
  ]

  @Test("a version that is not known is unknown where the rules disagree", arguments: unknowns)
  func aVersionThatIsNotKnown(free: Int64, available: Int64, outcome: KubeletAdmission.Outcome) {
    for running in [nil, ReleaseVersion("v1.5.0-dev-20250113")] {
      let admission = KubeletRules.admission(
        running: running, capacity: .gibibytes(250), free: ByteCount(free), available: ByteCount(available))
      #expect(admission.outcome == outcome)
      #expect(admission.checks.count == 2)
    }
  }

  @Test("the sentence shows the arithmetic") func theSentenceShowsTheArithmetic() {
    func sentence(_ version: String, free: Int64, available: Int64) -> String {
      KubeletRules.admission(
        running: ReleaseVersion(version), capacity: .gibibytes(250), free: .gibibytes(free),
        available: .gibibytes(available)
      ).sentence
    }
    #expect(
      sentence("v1.4.0", free: 40, available: 28)
        == "used 210 GiB + 13.0 GiB of new images = 223 GiB of 250 GiB, at most 85 %: 10.5 GiB too much; "
        + "available 28.0 GiB, at least 30.0 GiB: 2.00 GiB too little.")
    #expect(
      sentence("v1.5.0", free: 60, available: 28)
        == "used 190 GiB + 13.0 GiB of new images = 203 GiB of 250 GiB, at most 85 %: 9.50 GiB to spare.")
    #expect(sentence("v1.1.2", free: 0, available: 0) == "The running version checks no free space.")
  }

  @Test("a filesystem that is too small is hopeless", arguments: [(15, true), (16, false)])
  func aFilesystemThatIsTooSmallIsHopeless(gibibytes: Int64, isHopeless: Bool) throws {
    // 13 / 0.85 = 15.29 GiB.
    let size = ByteCount.gibibytes(gibibytes)
    let admission = KubeletRules.admission(
      running: ReleaseVersion("v1.8.0"), capacity: size, free: size, available: size)
    #expect(try #require(admission.tightest).isHopeless == isHopeless)
    #expect(admission.outcome == (isHopeless ? .denied : .allowed))
  }
}
