/// What an upgrade brings: a root tree, measured.
public struct Payload: Sendable, Hashable, Codable {
  public var source: Source
  public var system: System
  /// Absolute paths that were left out, as the tools' copies do.
  public var excludes: [FilePath]
  public var census: TreeCensus

  /// Where it was read from.
  public struct Source: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
      case directory, squashfs, iso
      case filesystemImage = "filesystem-image"
    }

    public var kind: Kind
    /// As it was given.
    public var path: FilePath
    /// SHA-512 of the tree's names, kinds, sizes (a link's: the length of its target) and attributes, in hexadecimal: the
    /// same for every form of one tree, and no file data in it.
    public var treeDigest: String
    /// Size of the squashfs, of the one inside an ISO, or of the filesystem image; `nil` for a directory.
    public var fileBytes: ByteCount?

    public init(kind: Kind, path: FilePath, treeDigest: String, fileBytes: ByteCount? = nil) {
      self.kind = kind
      self.path = path
      self.treeDigest = treeDigest
      self.fileBytes = fileBytes
    }

    enum CodingKeys: String, CodingKey {
      case kind, path
      case treeDigest = "tree_digest"
      case fileBytes = "file_bytes"
    }
  }

  /// Which system the tree is, by its own files; what they do not say is `nil`.
  public struct System: Sendable, Hashable, Codable {
    /// `PRETTY_NAME` of os-release(5).
    public var osName: String?
    /// `harvester`, `kairos`, `elemental`.
    public var product: String?
    public var productVersion: String?
    /// As uname(2)'s `machine` has it, by the ELF header of a program.
    public var architecture: String?
    /// Harvester's oldest release that may be upgraded to it.
    public var minUpgradableVersion: String?

    public init(
      osName: String? = nil, product: String? = nil, productVersion: String? = nil, architecture: String? = nil,
      minUpgradableVersion: String? = nil
    ) {
      self.osName = osName
      self.product = product
      self.productVersion = productVersion
      self.architecture = architecture
      self.minUpgradableVersion = minUpgradableVersion
    }

    enum CodingKeys: String, CodingKey {
      case osName = "os_name"
      case product
      case productVersion = "product_version"
      case architecture
      case minUpgradableVersion = "min_upgradable_version"
    }
  }

  public init(source: Source, system: System, excludes: [FilePath], census: TreeCensus) {
    self.source = source
    self.system = system
    self.excludes = excludes
    self.census = census
  }
}
