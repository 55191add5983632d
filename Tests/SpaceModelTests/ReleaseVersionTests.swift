import SpaceModel
import TestSupport
import Testing

@Suite struct ReleaseVersionTests {
  static let good: [(String, [Int], String?)] = [
    ("v1.4.0", [1, 4, 0], nil), ("1.4.2", [1, 4, 2], nil), ("v1.5.0-rc2", [1, 5, 0], "rc2"), ("v1.8", [1, 8, 0], nil),
    ("v1.9.0-rc6+build", [1, 9, 0], "rc6"), ("v2.13.9", [2, 13, 9], nil), ("v3.4.2+k3s1", [3, 4, 2], nil),
    ("5.5.0", [5, 5, 0], nil), ("v1.5.0-dev-20250113", [1, 5, 0], "dev-20250113"),
    ("1.0.0-alpha.1", [1, 0, 0], "alpha.1"),
    ("v2.4.3-k3sv1.26.9+k3s1", [2, 4, 3], nil), ("v2.4.3-rc1-k3sv1.26.9+k3s1", [2, 4, 3], "rc1"),
    ("0.0.0", [0, 0, 0], nil), ("1.2.3+a-b.c", [1, 2, 3], nil),
  ]

  @Test("versions are read as they are written", arguments: good)
  func versionsAreReadAsTheyAreWritten(text: String, numbers: [Int], preRelease: String?) throws {
    let version = try #require(ReleaseVersion(text))
    #expect([version.major, version.minor, version.patch] == numbers)
    #expect(version.preRelease == preRelease)
    #expect(version.description == text)
  }

  static let none = [
    "", "v", "1", "v1", "1.2.3.4", "1..2", "1.2.", ".1.2", "1.2.x", "-1.2.3", "+1.2.3", "1.+2", "1.2.3-", "1.2.3+",
    "1.2.3-a..b", "1.2.3-a_b", "1.2.3 ", " 1.2.3", "vv1.2.3", "1.2.3-é", "١.٢.٣", "99999999999999999999.0.0", "latest",
    "master-head", "v1.4-head", "1.5.0-head", "master-d3dc81ca-head", "v1.4-d3dc81ca-head", "master",
  ]

  @Test("what is no version, or a branch's build, is none", arguments: none) func whatIsNoVersionIsNone(text: String) {
    #expect(ReleaseVersion(text) == nil)
  }

  /// Oldest first; semver.org's own example is in it.
  static let ascending = [
    "0.9.9", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-0a", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0-rc1", "1.0.0-rc2", "1.0.0-rc2.1", "1.0.0-rc2a",
    "1.0.0-rc10", "1.0.0-rc18446744073709551616", "v1.0.0", "1.0.1-rc1", "v1.0.1", "1.0.2", "1.0.10", "1.2", "v1.4.2",
    "1.5.0-dev-20250113", "v1.5.0-rc2", "v1.5.0", "v1.10.0", "v2.0",
  ]

  @Test("each is older than all behind it") func eachIsOlderThanAllBehindIt() throws {
    let versions = try Self.ascending.map { try #require(ReleaseVersion($0)) }
    for (index, left) in versions.enumerated() {
      for (other, right) in versions.enumerated() {
        #expect((left < right) == (index < other), "\(left) \(right)")
        #expect((left == right) == (index == other), "\(left) \(right)")
      }
    }
    var seed = Seed.current.derived(45)
    #expect(versions.shuffled(using: &seed).sorted() == versions)
  }

  @Test(
    "build, v and a missing zero make no difference", arguments: [("v1.8", "1.8.0+b"), ("1.0.0-rc1", "v1.0-rc01+x")])
  func whatMakesNoDifference(left: String, right: String) throws {
    let (left, right) = (try #require(ReleaseVersion(left)), try #require(ReleaseVersion(right)))
    #expect(left == right && !(left < right) && !(right < left))
    #expect(Set([left, right]).count == 1)
  }

  @Test("it is coded as its text") func itIsCodedAsItsText() throws {
    let json = try JSONValue(parsing: Array(#"["v1.8", "1.9.0-rc6+build"]"#.utf8))
    #expect(try json.decode([ReleaseVersion].self).map(\.text) == ["v1.8", "1.9.0-rc6+build"])
    let error = #expect(throws: JSONError.self) {
      try JSONValue(parsing: Array("{\"to\":\n\"master-head\"}".utf8)).decode([String: ReleaseVersion].self)
    }
    #expect(error?.description == "line 2: to: not a version like \"v1.4.0\"")
  }
}
