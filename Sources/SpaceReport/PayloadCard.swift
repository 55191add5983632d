import SpaceModel

/// A payload's measure in a file of a few KiB: taken once for a release, carried to every node.
public struct PayloadCard: Sendable, Hashable, Codable {
  public static let currentVersion = "1.0"

  /// "MAJOR.MINOR", as a report's.
  public var payloadCard = PayloadCard.currentVersion
  public var generatedAt: String
  public var tool: Report.Tool
  /// The profile that `sizes` are calculated by.
  public var profile: String
  /// For people: what it takes where COS_STATE is ext4. A projection is calculated from `payload`.
  public var sizes: [Size]
  public var payload: Payload

  /// What the payload takes on ext4 with blocks of one size.
  public struct Size: Sendable, Hashable, Codable {
    public var blockBytes: ByteCount
    /// The unpacked tree.
    public var treeBytes: ByteCount
    /// The finished image; `nil` where the profile makes none.
    public var imageBytes: ByteCount?
    /// Its apparent size.
    public var nominalImageBytes: ByteCount?

    public init(
      blockBytes: ByteCount, treeBytes: ByteCount, imageBytes: ByteCount?, nominalImageBytes: ByteCount?
    ) {
      self.blockBytes = blockBytes
      self.treeBytes = treeBytes
      self.imageBytes = imageBytes
      self.nominalImageBytes = nominalImageBytes
    }

    enum CodingKeys: String, CodingKey {
      case blockBytes = "block_bytes"
      case treeBytes = "tree_bytes"
      case imageBytes = "image_bytes"
      case nominalImageBytes = "nominal_image_bytes"
    }
  }

  public init(generatedAt: String, tool: Report.Tool, profile: String, sizes: [Size], payload: Payload) {
    self.generatedAt = generatedAt
    self.tool = tool
    self.profile = profile
    self.sizes = sizes
    self.payload = payload
  }

  enum CodingKeys: String, CodingKey {
    case payloadCard = "payload_card"
    case generatedAt = "generated_at"
    case tool, profile, sizes, payload
  }
}

extension PayloadCard {
  /// - Parameters:
  ///   - path: Where it was read from, for errors.
  ///   - operation: What it is read for, as it reads behind "cannot".
  /// - Throws: ``StorageError``: `.wrongType` where it is another document, `.unsupported` for another major version,
  ///   `.corrupt` with the line where something in it does not fit.
  public static func decode(
    _ bytes: [UInt8], path: FilePath, operation: String
  ) throws(StorageError) -> PayloadCard {
    let hint = "A payload card is what 'headroom plan --incoming PAYLOAD --save-payload FILE' writes."
    func failure(_ code: StorageError.Code, _ message: String) -> StorageError {
      StorageError(code, operation: operation, path: path, message: message, hint: hint)
    }
    do {
      let document = try JSONValue(parsing: bytes)
      guard case .text(let version)? = document["payload_card"]?.content else {
        throw failure(.wrongType, "it has no \"payload_card\", so it is another document")
      }
      guard version.split(separator: ".").first == currentVersion.split(separator: ".").first else {
        throw failure(.unsupported, "its version is \(version), and this headroom reads \(currentVersion)")
      }
      let card: PayloadCard = try document.decode()
      guard card.payload.isSane else { throw failure(.corrupt, "it has figures that no tree has") }
      return card
    } catch let error as JSONError {
      throw failure(.corrupt, error.description)
    } catch let error as StorageError {
      throw error
    } catch {
      throw failure(.corrupt, "\(error)")
    }
  }
}

extension Payload {
  /// No figure is negative, and there is something to copy.
  fileprivate var isSane: Bool {
    census.inodes > 0 && census.directories >= 0 && census.files >= 0 && census.apparentBytes >= .zero
      && !census.demands.isEmpty
      && census.demands.allSatisfy { demand in
        [demand.fileBytes, demand.mapBytes, demand.directoryBytes, demand.linkBytes, demand.attributeBytes]
          .allSatisfy { $0 >= .zero } && demand.filesystem.unitBytes > .zero && demand.totalBytes > .zero
      }
  }
}
