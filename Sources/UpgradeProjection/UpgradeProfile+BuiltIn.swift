import SpaceModel

extension UpgradeProfile {
  /// What `--profile` takes without a file.
  public static let builtInNames = ["harvester", "elemental", "elemental-v2", "elemental-btrfs", "kairos"]

  /// A profile of this build; `nil` for a name it does not have.
  public static func builtIn(_ name: String) -> UpgradeProfile? {
    switch name {
    case "harvester": harvester
    case "elemental": elemental
    case "elemental-v2": elementalV2
    case "elemental-btrfs": elementalBtrfs
    case "kairos": kairos
    default: nil
    }
  }

  // Each is read when it is asked for: a run needs one. That they can be read, and have these names, is a matter of this
  // build, and a test's.
  private static let harvester = try? UpgradeProfile(json: PackageResources.harvester_json)
  private static let elemental = try? UpgradeProfile(json: PackageResources.elemental_json)
  private static let elementalV2 = try? UpgradeProfile(json: PackageResources.elemental_v2_json)
  private static let elementalBtrfs = try? UpgradeProfile(json: PackageResources.elemental_btrfs_json)
  private static let kairos = try? UpgradeProfile(json: PackageResources.kairos_json)

  /// Reads a profile and checks that it can be calculated with.
  ///
  /// - Throws: ``JSONError`` with the line.
  public init(json: [UInt8]) throws(JSONError) {
    let document = try JSONValue(parsing: json)
    self = try document.decode(unknownKeys: .refused)
    try check(document)
  }

  /// What the form allows and no calculation can use.
  private func check(_ document: JSONValue) throws(JSONError) {
    guard format == Self.currentFormat else {
      throw JSONError(
        "format \(format) is not known; this version reads \(Self.currentFormat)", at: document["format"], in: document)
    }
    guard !name.isEmpty else { throw JSONError("the name is empty", at: document["name"], in: document) }
    guard !upgrades.isEmpty else { throw JSONError("there are no upgrades", at: document["upgrades"], in: document) }
    for (upgrade, value) in zip(upgrades, document["upgrades"]?.elements ?? []) {
      if let image = upgrade.image, [image.nominalBytes, image.overheadBytes].allSatisfy({ ($0 ?? .zero) <= .zero }) {
        throw JSONError("an image needs a size above zero", at: value["image"], in: value)
      }
      // A payload is counted once, for all of them.
      if let copy = upgrade.copy, copy.excludes != excludes || !copy.excludes.allSatisfy({ $0.hasPrefix("/") }) {
        throw JSONError(
          "excludes are absolute paths, and the same in every upgrade", at: value["copy"]?["excludes"], in: value)
      }
      guard !upgrade.steps.isEmpty else { throw JSONError("there are no steps", at: value["steps"], in: value) }
      for (step, value) in zip(upgrade.steps, value["steps"]?.elements ?? []) {
        if let problem = step.problem(in: upgrade) {
          throw JSONError("step '\(step.name)' \(problem)", at: value, in: value)
        }
      }
    }
  }

  /// Every upgrade's excludes, where they are the same; a payload is measured once.
  public var excludes: [FilePath] { upgrades.lazy.compactMap(\.copy).first?.excludes ?? [] }
}

extension UpgradeProfile.Step {
  fileprivate func problem(in upgrade: UpgradeProfile.Upgrade) -> String? {
    switch (adds, frees) {
    case (nil, nil): return "neither adds nor frees anything"
    case (_?, _?): return "both adds and frees: make it two steps"
    default: break
    }
    let quantity = adds ?? frees
    if quantity == .bytes, bytes == nil { return "needs 'bytes'" }
    if let bytes, bytes < .zero { return "has negative 'bytes'" }
    if quantity == .image || quantity == .tree || quantity == .changedFiles, upgrade.copy == nil {
      return "needs the upgrade's 'copy'"
    }
    if quantity == .image, upgrade.image == nil { return "needs the upgrade's 'image'" }
    return nil
  }
}

extension JSONError {
  fileprivate init(_ message: String, at value: JSONValue?, in container: JSONValue) {
    self.init(message, at: (value ?? container).position)
  }
}

extension JSONValue {
  fileprivate var elements: [JSONValue] {
    if case .list(let elements) = content { return elements }
    return []
  }
}
