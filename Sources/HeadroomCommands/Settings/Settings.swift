import SpaceModel
import SpaceReport
import UpgradeProjection

/// What a site has decided once, instead of on every command line: thresholds and what blocks.
///
/// A value comes from the command line, else from the environment, else from the configuration file, else it is the
/// default. `nil`: not set there.
struct Settings: Equatable {
  var profile: String?
  var margin: SizeThreshold?
  var warnReclaimable: SizeThreshold?
  var requirePayload: Bool?
  var failOn: GatePolicy.FailOn?
  var onUnknown: GatePolicy.OnUnknown?
  var ignore: [Finding.ID]?
  var timeout: Duration?
  var textfile: String?

  /// These, and where one is not set, that of `others`.
  func orElse(_ others: Settings) -> Settings {
    Settings(
      profile: profile ?? others.profile, margin: margin ?? others.margin,
      warnReclaimable: warnReclaimable ?? others.warnReclaimable,
      requirePayload: requirePayload ?? others.requirePayload, failOn: failOn ?? others.failOn,
      onUnknown: onUnknown ?? others.onUnknown, ignore: ignore ?? others.ignore, timeout: timeout ?? others.timeout,
      textfile: textfile ?? others.textfile)
  }
}

/// A value as it was written, wherever that was, made into what it means. Errors say what is accepted.
enum SettingText {
  struct Mistake: Error, CustomStringConvertible {
    var description: String
  }

  static func threshold(_ text: String) throws(Mistake) -> SizeThreshold {
    guard let threshold = SizeThreshold.parse(text) else {
      throw Mistake(description: "'\(text)' is no size: write 256M, 1GiB, 0 or 10%.")
    }
    return threshold
  }

  static func duration(_ text: String) throws(Mistake) -> Duration {
    guard let duration = DurationText.parse(text) else {
      throw Mistake(description: "'\(text)' is no duration: write 30s, 2m or 500ms.")
    }
    return duration
  }

  static func word<Word: RawRepresentable & CaseIterable>(_ text: String) throws(Mistake) -> Word
  where Word.RawValue == String {
    guard let word = Word(rawValue: text) else {
      throw Mistake(
        description: "'\(text)' is none of \(Word.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return word
  }

  static func flag(_ text: String) throws(Mistake) -> Bool {
    switch text {
    case "true", "1", "yes": true
    case "false", "0", "no": false
    default: throw Mistake(description: "'\(text)' is neither true nor false.")
    }
  }

  static func finding(_ text: String) throws(Mistake) -> Finding.ID {
    let id = Finding.ID(rawValue: text)
    guard Finding.ID.all.contains(id) else {
      let near = JSONWords.nearest(to: text, among: Finding.ID.all.map(\.rawValue).sorted())
      throw Mistake(
        description: "there is no finding '\(text)'." + (near.map { " Did you mean \($0)?" } ?? "")
          + " docs/findings.md lists them.")
    }
    return id
  }

  static func profile(_ text: String) throws(Mistake) -> String {
    guard text.contains("=") || UpgradeProfile.builtInNames.contains(text) else {
      throw Mistake(
        description: "there is no '\(text)'. Built in are \(UpgradeProfile.builtInNames.joined(separator: ", ")); "
          + "another one is added with NAME=FILE.json.")
    }
    return text
  }

  static func textfile(_ text: String) throws(Mistake) -> String {
    guard text.hasSuffix(".prom"), text != ".prom" else {
      throw Mistake(description: "'\(text)': node_exporter reads only files whose name ends in .prom.")
    }
    return text
  }
}
