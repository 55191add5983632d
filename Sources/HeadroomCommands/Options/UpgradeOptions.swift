import ArgumentParser
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport
import UpgradeProjection

/// Which upgrade is meant; common to the commands that project one.
struct UpgradeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How it upgrades: \(UpgradeProfile.builtInNames.joined(separator: ", ")), or NAME=FILE.json. Default: detected.",
      valueName: "profile"),
    completion: .list(UpgradeProfile.builtInNames))
  var profile: String?

  @Option(name: .customLong("to"), help: ArgumentHelp("The release that is upgraded to: v1.8.1.", valueName: "version"))
  var target: String?

  @Option(
    help: ArgumentHelp(
      "The new system: a root directory, a squashfs, an ISO that holds one, a filesystem image, or a payload card.",
      valueName: "path"),
    completion: .file())
  var incoming: String?

  // Unconditional: of a size like -1 it is said what is wrong with it.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("What the unpacked system takes, where there is no payload to measure.", valueName: "size"))
  var incomingSize: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Apparent size of the new image. Default: the profile's.", valueName: "size"))
  var imageSize: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Room that must stay; percent are of what is needed. Default: 256M.", valueName: "size|percent"))
  var margin: String?

  @Flag(help: "An estimate is no answer: without a measured payload the verdict is unknown.")
  var requirePayload = false

  @Flag(help: "Upgrade the recovery system too.")
  var recovery = false

  func validate() throws {
    for (option, text) in [("incoming-size", incomingSize), ("image-size", imageSize)] {
      if let text, SizeText.parse(text).map({ $0 <= .zero }) ?? true {
        throw ValidationError("--\(option): '\(text)' is no size: write 2GiB, 500M or 4096.")
      }
    }
    if let margin, SizeThreshold.parse(margin) == nil {
      throw ValidationError("--margin: '\(margin)' is no size: write 256M, 1GiB, 0 or 5%.")
    }
    if let target, ReleaseVersion(target) == nil {
      throw ValidationError("--to: '\(target)' is no release: write v1.8.1.")
    }
    if incoming == "" { throw ValidationError("--incoming needs a path.") }
    if incoming != nil, incomingSize != nil {
      throw ValidationError("--incoming measures the size that --incoming-size gives: use one of them.")
    }
    if let profile, !profile.contains("="), !UpgradeProfile.builtInNames.contains(profile) {
      throw ValidationError(
        "--profile: there is no '\(profile)'. Built in are \(UpgradeProfile.builtInNames.joined(separator: ", ")); "
          + "another one is added with NAME=FILE.json.")
    }
  }

  /// The payload is measured here, once, whatever it is used for.
  ///
  /// - Parameter settings: What counts where an option was not given.
  /// - Throws: ``StorageError`` where the payload or the profile cannot be read.
  func choice(_ settings: Settings) throws -> UpgradeChoice {
    var choice = UpgradeChoice()
    choice.profile = try chosenProfile(profile ?? settings.profile)
    choice.target = target.flatMap { ReleaseVersion($0) }
    choice.treeBytes = incomingSize.flatMap(SizeText.parse)
    choice.imageBytes = imageSize.flatMap(SizeText.parse)
    if let margin = margin.flatMap(SizeThreshold.parse) ?? settings.margin { choice.margin = margin }
    choice.requirePayload = requirePayload || settings.requirePayload == true
    choice.includesOptional = recovery
    if let incoming {
      let excludes = choice.profile?.excludes ?? TreeTally.systemExcludes
      (choice.payload, choice.payloadIsCard) = try PayloadReading.payload(FilePath(incoming), excluding: excludes)
    }
    return choice
  }

  private func chosenProfile(_ profile: String?) throws -> UpgradeProfile? {
    guard let profile else { return nil }
    guard let own = Self.ownProfile(profile) else { return UpgradeProfile.builtIn(profile) }
    var read = try ProfileFile.read(own.path)
    read.name = own.name
    return read
  }

  /// `NAME=FILE.json`; `nil` for a profile that is built in.
  private static func ownProfile(_ profile: String) -> (name: String, path: FilePath)? {
    guard let separator = profile.firstIndex(of: "=") else { return nil }
    return (String(profile[..<separator]), FilePath(String(profile[profile.index(after: separator)...])))
  }

  /// The files that are read; none of them is written over.
  var inputs: [FilePath] {
    [incoming.map { FilePath($0) }, profile.flatMap(Self.ownProfile)?.path].compactMap { $0 }
  }
}
