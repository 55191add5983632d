import SpaceModel
import Testing
import UpgradeProjection

/// A profile somebody wrote: a wrong one is an error with its line.
@Suite struct ProfileFormatTests {
  private static let lines = [
    #"{"#,  // 1
    #"  "format": 1, "name": "mine", "title": "Mine","#,
    #"  "upgrades": ["#,
    #"    { "name": "system", "filesystem_label": "COS_STATE", "model": "two-copy","#,
    #"      "copy": { "attributes": "all", "excludes": ["/proc"] },"#,  // 5
    #"      "image": { "nominal_bytes": 3221225472 },"#,
    #"      "steps": ["#,
    #"        { "name": "unpack", "adds": "tree", "failure": "loud" },"#,
    #"        { "name": "fill", "adds": "image", "failure": "silent" }"#,
    #"      ] } ] }"#,
  ]

  private static func text(_ line: Int, _ old: String, _ new: String) -> [UInt8] {
    var changed = lines
    let parts = changed[line - 1].split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    precondition(parts.count == 2, "\(old) is not in line \(line)")
    changed[line - 1] = parts.joined(separator: new)
    return Array(changed.joined(separator: "\n").utf8)
  }

  @Test("a right one is read") func aRightOneIsRead() throws {
    let profile = try UpgradeProfile(json: Array(Self.lines.joined(separator: "\n").utf8))
    #expect(profile.upgrades.first?.steps.count == 2)
    #expect(profile.excludes == ["/proc"])
  }

  @Test(
    "a wrong one is an error with its line",
    arguments: [
      (2, #""format": 1"#, #""format": 2"#, 2, "format 2"), (2, #""title""#, #""titel""#, 1, "title"),
      (4, "two-copy", "three-copy", 4, "three-copy"), (5, #""all""#, #""some""#, 5, "some"),
      (6, "3221225472", #""large""#, 6, "whole number"),
      (8, #""adds": "tree""#, #""adds": "tree", "frees": "tree""#, 8, "both"),
      (8, #""adds": "tree", "#, "", 8, "neither"), (9, #""image""#, #""bytes""#, 9, "needs 'bytes'"),
      (9, #""failure""#, #""fialure""#, 9, "failure"), (6, #""image""#, #""picture""#, 6, "picture"),
      (9, "}", "},", 10, "comma"),
    ])
  func aWrongOneIsAnErrorWithItsLine(line: Int, old: String, new: String, expected: Int, word: String) {
    do throws(JSONError) {
      _ = try UpgradeProfile(json: Self.text(line, old, new))
      Issue.record("it was read")
    } catch {
      #expect(error.position.line == expected, "\(error)")
      #expect(error.description.contains(word), "\(error)")
    }
  }
}
