import FilesystemReader
import LinuxStorage
import SpaceModel
import SpaceReport
import UpgradeProjection

/// A payload as it was given: measured, or taken from a card.
public enum PayloadReading {
  /// - Parameters:
  ///   - excluding: What the upgrade's copy leaves out.
  ///   - filesystems: What it is counted for.
  /// - Returns: The payload, and whether it comes from a card.
  /// - Throws: ``StorageError`` where it is none, or not all of it can be read.
  public static func payload(
    _ path: FilePath, excluding: [FilePath], filesystems: [TreeFilesystem] = TreeTally.usualFilesystems
  ) throws(StorageError) -> (payload: Payload, isCard: Bool) {
    let incoming = try IncomingPayload.open(path)
    if case .card(let card) = incoming { return (try self.card(card, excluding: excluding), true) }
    var tally = TreeTally(filesystems: filesystems)
    let measurement = try PayloadMeasurement.measure(
      incoming, path: path, excluding: excluding,
      openDirectory: { (root) throws(StorageError) in try DirectoryRootTree(root) },
      { (directory) throws(StorageError) in tally.add(directory) })
    return (measurement.payload(census: tally.census), false)
  }

  /// A card of a payload, with what it takes by the profile that was chosen, else by its own product's.
  public static func card(
    of payload: Payload, _ choice: UpgradeChoice, tool: Report.Tool, generatedAt: String
  ) -> PayloadCard {
    let detected = ProfileDetection.of(product: payload.system.product, osName: payload.system.osName, layout: nil)
    let profile = choice.profile ?? UpgradeProfile.builtIn(detected.name)
    let sizes = [1024, 2048, 4096].map { TreeFilesystem(.ext4, unitBytes: ByteCount($0)) }.compactMap { filesystem in
      profile?.takes(payload.census, on: filesystem, imageBytes: choice.imageBytes).map { size in
        PayloadCard.Size(
          blockBytes: filesystem.unitBytes, treeBytes: size.tree, imageBytes: size.image,
          nominalImageBytes: size.nominalImage)
      }
    }
    return PayloadCard(
      generatedAt: generatedAt, tool: tool, profile: profile?.name ?? detected.name, sizes: sizes, payload: payload)
  }

  private static func card(_ path: FilePath, excluding: [FilePath]) throws(StorageError) -> Payload {
    let bytes = try DocumentFile.read(path, limit: 1 << 20, operation: operation)
    let card = try PayloadCard.decode(bytes, path: path, operation: operation)
    guard Set(card.payload.excludes) == Set(excluding) else {
      throw StorageError(
        .unsupported, operation: operation, path: path,
        message:
          "it was measured without \(list(card.payload.excludes)), and the profile leaves out \(list(excluding))",
        hint: "Measure the payload itself with this profile.")
    }
    return card.payload
  }

  private static func list(_ paths: [FilePath]) -> String {
    paths.isEmpty ? "nothing" : paths.map(\.display).joined(separator: " ")
  }

  private static let operation = "take as a payload card"
}

extension UpgradeChoice {
  /// Counts the payload again where a partition has allocation units that are not among the usual ones (ext4's
  /// clusters).
  ///
  /// - Throws: ``StorageError`` where the payload cannot be read any more. A card has what it has.
  mutating func cover(_ partitions: [Partition]) throws(StorageError) {
    guard let payload, !payloadIsCard else { return }
    let counted = Set(payload.census.demands.map(\.filesystem))
    let missing = Set(partitions.compactMap(UpgradeProjector.filesystem(of:))).subtracting(counted)
    guard !missing.isEmpty else { return }
    let filesystems = TreeTally.usualFilesystems + missing.sorted { $0.unitBytes < $1.unitBytes }
    self.payload = try PayloadReading.payload(
      payload.source.path, excluding: payload.excludes, filesystems: filesystems
    ).payload
  }
}
