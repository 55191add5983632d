import SpaceModel

/// What the new system takes on one filesystem: as a tree, as an image, and whether it fits inside that image.
struct SystemSize {
  /// The unpacked tree.
  var tree: ByteCount
  /// The finished image; `nil` where the upgrade makes none.
  var image: ByteCount?
  /// The image's apparent size.
  var nominalImage: ByteCount?
  /// What the tree lacks inside the image; `nil` where it fits.
  var shortage: Shortage?
  /// Inodes the tree takes.
  var inodes: Int64?

  enum Shortage {
    case space(ByteCount)
    case inodes(Int64)
  }
}

/// The sizes at both ends of what is known, and where they come from.
struct SystemSizes {
  var least: SystemSize
  var most: SystemSize
  var basis: Projection.Basis

  /// How much larger than the installed system the next one was at worst, across two or three minor releases
  /// (Harvester 1.4.0 to 1.8.0: +29 % of used blocks).
  static let largestGrowth = 1.3

  /// - Returns: `nil` where nothing tells how large the new system is.
  static func of(
    _ request: UpgradeRequest, _ node: UpgradeNode, on filesystem: TreeFilesystem, copy: UpgradeProfile.CopyRules,
    image: UpgradeProfile.Image?
  ) -> SystemSizes? {
    let rule = ImageRule(image: image, given: request.imageBytes, host: filesystem, attributes: copy.attributes)
    if let payload = request.payload {
      guard let size = rule.size(of: payload.census) else { return nil }
      let kind: Projection.Basis.Kind = request.payloadIsCard ? .card : .payload
      return SystemSizes(size, size, kind, source: payload.source.path.display)
    }
    if let tree = request.treeBytes {
      let census = node.installed?.census ?? .typical(on: filesystem)
      guard let whole = census.demand(on: filesystem, copy.attributes, orNearest: true)?.totalBytes, whole > .zero
      else { return nil }
      guard var size = rule.size(of: census.scaled(by: Double(tree.bytes) / Double(whole.bytes))) else { return nil }
      size.tree = tree
      // How many files make so many bytes is nobody's to say.
      size.inodes = nil
      if case .inodes? = size.shortage { size.shortage = nil }
      return SystemSizes(size, size, .given, source: "--incoming-size")
    }
    guard let installed = node.installed, let least = rule.size(of: installed.census),
      let most = rule.size(of: installed.census.scaled(by: largestGrowth))
    else { return nil }
    let version = installed.image.os?.prettyName ?? installed.image.os?.version
    let place = "\(installed.partition.filesystemLabel ?? ""):\(installed.image.path.display)"
    return SystemSizes(
      least, most, .installed, source: (version.map { "\($0) in " } ?? "") + place + ", as it is to 1.3 times as large")
  }

  private init(_ least: SystemSize, _ most: SystemSize, _ kind: Projection.Basis.Kind, source: String) {
    self.least = least
    self.most = most
    basis = Projection.Basis(kind: kind, source: source)
    basis.treeBytes = most.tree
    basis.imageBytes = most.image
    basis.nominalImageBytes = most.nominalImage
    if kind == .installed {
      basis.leastTreeBytes = least.tree
      basis.leastImageBytes = least.image
    }
  }
}

extension UpgradeProfile {
  /// What a payload takes on a filesystem by the profile's usual upgrade of the system; `nil` where the payload was not
  /// counted for it.
  ///
  /// - Parameter imageBytes: The new image's apparent size; `nil`: the profile's.
  public func takes(
    _ census: TreeCensus, on filesystem: TreeFilesystem, imageBytes: ByteCount? = nil
  ) -> (tree: ByteCount, image: ByteCount?, nominalImage: ByteCount?)? {
    guard let upgrade = upgrades.last(where: { $0.name == Self.systemUpgrade }), let copy = upgrade.copy else {
      return nil
    }
    let rule = ImageRule(image: upgrade.image, given: imageBytes, host: filesystem, attributes: copy.attributes)
    return rule.size(of: census).map { ($0.tree, $0.image, $0.nominalImage) }
  }
}

/// From a tree's census to its sizes, for one filesystem and one kind of image.
private struct ImageRule {
  var image: UpgradeProfile.Image?
  var given: ByteCount?
  var host: TreeFilesystem
  var attributes: AttributeRule

  func size(of census: TreeCensus) -> SystemSize? {
    guard let onHost = census.demand(on: host, attributes, orNearest: true) else { return nil }
    var size = SystemSize(tree: onHost.totalBytes)
    size.inodes = census.inodes
    guard let image else { return size }
    let automatic = image.overheadBytes.map { NewImage.automaticBytes(for: census, overhead: $0) }
    guard let nominal = given ?? [image.nominalBytes, automatic].compactMap({ $0 }).max(),
      let new = NewImage(nominalBytes: nominal)
    else { return nil }
    guard let demand = census.demand(on: new.filesystem, attributes, orNearest: true) else { return nil }
    size.nominalImage = nominal
    size.image = new.allocatedBytes(holding: demand, inodes: census.inodes, hostUnitBytes: host.unitBytes).map(withMap)
    switch new.shortage(for: demand, inodes: census.inodes) {
    case .blocks(let blocks)?: size.shortage = .space(new.blockBytes.times(blocks))
    case .inodes(let inodes)?: size.shortage = .inodes(inodes)
    case NewImage.Shortage.none?, nil: break
    }
    return size
  }

  /// Without extents the image is mapped by indirect blocks: four bytes for each of its own.
  private func withMap(_ image: ByteCount) -> ByteCount {
    guard host.kind == .ext2, host.unitBytes.bytes > 0 else { return image }
    let unit = host.unitBytes.bytes
    let maps = image.bytes / unit / (unit / 4 + 1) + 3
    return image + host.unitBytes.times(maps)
  }
}

extension TreeCensus {
  /// The demand, or one that is no smaller: with more attributes kept.
  func demand(on filesystem: TreeFilesystem, _ attributes: AttributeRule, orNearest: Bool) -> TreeDemand? {
    demand(on: filesystem, attributes) ?? (orNearest ? demand(on: filesystem, .all) : nil)
  }

  /// A GiB of an OS as they usually are, where there is none to go by: 17,000 inodes of 61 KiB each (Harvester 1.4 to
  /// 1.8).
  static func typical(on host: TreeFilesystem) -> TreeCensus {
    let filesystems = [host] + [1024, 2048, 4096].map { TreeFilesystem(.ext2, unitBytes: ByteCount($0)) }
    let files = ByteCount.gibibytes(1)
    return TreeCensus(
      inodes: 17_000, directories: 1_500, files: 13_000, apparentBytes: ByteCount(files.bytes / 100 * 97),
      demands: filesystems.map { filesystem in
        TreeDemand(
          filesystem: filesystem, attributes: .all, fileBytes: files,
          // An indirect block holds a quarter of its bytes as block numbers.
          mapBytes: filesystem.kind == .ext2 ? ByteCount(files.bytes / max(1, filesystem.unitBytes.bytes) * 4) : .zero,
          directoryBytes: .mebibytes(6), linkBytes: .zero, attributeBytes: .zero)
      })
  }

  /// A tree of the same kind, so many times as large.
  func scaled(by factor: Double) -> TreeCensus {
    func scaled(_ bytes: ByteCount) -> ByteCount { ByteCount(Self.scaled(bytes.bytes, factor)) }
    return TreeCensus(
      inodes: Self.scaled(inodes, factor), directories: Self.scaled(directories, factor),
      files: Self.scaled(files, factor), apparentBytes: scaled(apparentBytes),
      demands: demands.map { demand in
        var larger = demand
        larger.fileBytes = scaled(demand.fileBytes)
        larger.mapBytes = scaled(demand.mapBytes)
        larger.directoryBytes = scaled(demand.directoryBytes)
        larger.linkBytes = scaled(demand.linkBytes)
        larger.attributeBytes = scaled(demand.attributeBytes)
        larger.pieces = Self.scaled(demand.pieces, factor)
        return larger
      })
  }

  private static func scaled(_ count: Int64, _ factor: Double) -> Int64 {
    Int64(exactly: (Double(count) * factor).rounded(.up)) ?? .max
  }
}
