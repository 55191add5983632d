import ArgumentParser
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

extension Settings {
  /// Where the configuration is looked for unless one is named.
  static let usualFile: FilePath = "/etc/headroom/config.json"

  /// The environment's settings, and where one is not set there, the configuration file's.
  ///
  /// - Parameter file: `nil`: the usual one, which need not be there; `none`: no file.
  /// - Throws: `ValidationError` where a value or a key means nothing; ``StorageError`` where the file cannot be read.
  static func load(file: String?) throws -> Settings {
    let named = file ?? Terminal.environment("HEADROOM_CONFIG")
    if named == "-" { throw ValidationError("--config: a file is needed; standard input is not read.") }
    var settings = try environment(Terminal.environment)
    if named != "none" {
      let path = named.map { FilePath($0) } ?? usualFile
      if named != nil || FileStatus.of(path) != nil { settings = settings.orElse(try read(path)) }
    }
    return settings
  }

  /// `HEADROOM_MARGIN` and its kin.
  static func environment(_ value: (String) -> String?) throws -> Settings {
    func setting<Value>(
      _ name: String, _ meaning: (String) throws(SettingText.Mistake) -> Value
    ) throws -> Value? {
      guard let text = value(name) else { return nil }
      do throws(SettingText.Mistake) { return try meaning(text) } catch {
        throw ValidationError("\(name): \(error.description)")
      }
    }
    return Settings(
      profile: try setting("HEADROOM_PROFILE", SettingText.profile),
      margin: try setting("HEADROOM_MARGIN", SettingText.threshold),
      warnReclaimable: try setting("HEADROOM_WARN_RECLAIMABLE", SettingText.threshold),
      requirePayload: try setting("HEADROOM_REQUIRE_PAYLOAD", SettingText.flag),
      failOn: try setting("HEADROOM_FAIL_ON", SettingText.word),
      onUnknown: try setting("HEADROOM_ON_UNKNOWN", SettingText.word),
      ignore: try setting("HEADROOM_IGNORE") { (text) throws(SettingText.Mistake) in
        var ids: [Finding.ID] = []
        for word in text.split(whereSeparator: { ", ".contains($0) }) {
          ids.append(try SettingText.finding(String(word)))
        }
        return ids
      },
      timeout: try setting("HEADROOM_TIMEOUT", SettingText.duration),
      textfile: try setting("HEADROOM_TEXTFILE", SettingText.textfile))
  }

  /// The document as it is written; every value is text, so that sizes read as on the command line.
  private struct Document: Decodable {
    var profile: String?
    var margin: String?
    var warnReclaimable: String?
    var requirePayload: Bool?
    var failOn: String?
    var onUnknown: String?
    var ignore: [String]?
    var timeout: String?
    var textfile: String?

    enum CodingKeys: String, CodingKey {
      case profile, margin
      case warnReclaimable = "warn_reclaimable"
      case requirePayload = "require_payload"
      case failOn = "fail_on"
      case onUnknown = "on_unknown"
      case ignore, timeout, textfile
    }
  }

  private static func members(of document: JSONValue) -> [JSONMember] {
    if case .object(let members) = document.content { members } else { [] }
  }

  static func read(_ path: FilePath) throws -> Settings {
    let bytes = try DocumentFile.read(path, limit: 1 << 20, operation: "read the configuration")
    let document: Document
    do throws(JSONError) {
      let value = try JSONValue(parsing: bytes)
      for member in Self.members(of: value) {
        guard case .null = member.value.content else { continue }
        throw JSONError("null is no setting; leave the key out", at: member.value.position, keyPath: member.key)
      }
      document = try value.decode(unknownKeys: .refused)
    } catch {
      throw ValidationError("\(path.display): \(error.description)")
    }
    func setting<Value>(
      _ key: String, _ text: String?, _ meaning: (String) throws(SettingText.Mistake) -> Value
    ) throws -> Value? {
      guard let text else { return nil }
      do throws(SettingText.Mistake) { return try meaning(text) } catch {
        throw ValidationError("\(path.display): \(key): \(error.description)")
      }
    }
    return Settings(
      profile: try setting("profile", document.profile, SettingText.profile),
      margin: try setting("margin", document.margin, SettingText.threshold),
      warnReclaimable: try setting("warn_reclaimable", document.warnReclaimable, SettingText.threshold),
      requirePayload: document.requirePayload,
      failOn: try setting("fail_on", document.failOn, SettingText.word),
      onUnknown: try setting("on_unknown", document.onUnknown, SettingText.word),
      ignore: try document.ignore?.compactMap { try setting("ignore", $0, SettingText.finding) },
      timeout: try setting("timeout", document.timeout, SettingText.duration),
      textfile: try setting("textfile", document.textfile, SettingText.textfile))
  }
}
