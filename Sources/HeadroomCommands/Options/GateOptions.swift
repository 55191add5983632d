import ArgumentParser
import SpaceModel
import SpaceReport
import UpgradeProjection

/// What a gate blocks.
struct GateOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The least that blocks. Default: critical.", valueName: "severity"))
  var failOn: GatePolicy.FailOn?

  @Option(help: ArgumentHelp("Whether an unknown verdict blocks. Default: block.", valueName: "word"))
  var onUnknown: GatePolicy.OnUnknown?

  @Option(
    help: ArgumentHelp("A finding that is recorded but does not count. Repeatable.", valueName: "id"),
    completion: .list(Finding.ID.all.map(\.rawValue)))
  var ignore: [String] = []

  @Option(
    help: ArgumentHelp("End by then with what is known, as unknown: 30s, 2m, 500ms.", valueName: "duration"))
  var timeout: String?

  @Option(
    help: ArgumentHelp(
      "Write a summary of at most 4096 bytes for Kubernetes there; without =PATH to /dev/termination-log.",
      valueName: "path"), completion: .file())
  var terminationLog: String?

  func validate() throws { _ = try settings() }

  /// These options as settings.
  func settings() throws -> Settings {
    var settings = Settings()
    settings.failOn = failOn
    settings.onUnknown = onUnknown
    do throws(SettingText.Mistake) {
      if !ignore.isEmpty {
        var ids: [Finding.ID] = []
        for word in ignore.flatMap({ $0.split(separator: ",") }) { ids.append(try SettingText.finding(String(word))) }
        settings.ignore = ids
      }
    } catch {
      throw ValidationError("--ignore: \(error.description)")
    }
    do throws(SettingText.Mistake) { settings.timeout = try timeout.map(SettingText.duration) } catch {
      throw ValidationError("--timeout: \(error.description)")
    }
    return settings
  }
}

extension GatePolicy.FailOn: ExpressibleByArgument {}
extension GatePolicy.OnUnknown: ExpressibleByArgument {}

/// Thresholds that a site can set, and where it sets them.
struct ThresholdOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Warn where an image gives back this much: 500M, 10%. Default: 1 GiB or 10 % of the partition, the lesser.",
      valueName: "size|percent"))
  var warnReclaimable: String?

  @Option(
    help: ArgumentHelp(
      "A file with a site's settings, or none. Default: /etc/headroom/config.json where it is there.", valueName: "file"
    ), completion: .file())
  var config: String?

  func validate() throws {
    if let warnReclaimable, SizeThreshold.parse(warnReclaimable) == nil {
      throw ValidationError("--warn-reclaimable: '\(warnReclaimable)' is no size: write 500M, 6GiB, 4096 or 10%.")
    }
    if config == "" { throw ValidationError("--config needs a name.") }
  }

  /// - Throws: As ``Settings/load(file:)`` does.
  func settings() throws -> Settings {
    var settings = Settings()
    settings.warnReclaimable = warnReclaimable.flatMap(SizeThreshold.parse)
    return settings.orElse(try Settings.load(file: config))
  }
}
