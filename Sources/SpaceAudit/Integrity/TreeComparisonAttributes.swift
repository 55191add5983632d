import FilesystemReader
import ImageIntegrity
import SpaceModel

/// Compares modes, owners, targets of links and extended attributes of an entry.
struct TreeComparisonAttributes {
  /// Whether the forms of both trees keep ACLs; a payload that cannot have them says nothing of them.
  private let comparesACLs: Bool

  init(image: any TreeContents, payload: any TreeContents) {
    comparesACLs = image.keepsACLs && payload.keepsACLs
  }

  func compare(
    _ found: TreeRecord, _ expected: TreeRecord, _ path: FilePath, _ result: inout TreeComparisonResult
  ) {
    func add(_ kind: TreeDifference.Kind, purpose: String? = nil) {
      result.add(
        TreeDifference(
          path: path, sizeBytes: ByteCount(clamping: expected.size), isFile: expected.kind == .file, kind: kind,
          purpose: purpose ?? TreeComparisonExceptions.purpose(of: path)))
    }
    // The mode of a symbolic link means nothing.
    if expected.kind != .symbolicLink, found.mode != expected.mode { add(.mode) }
    if found.owner != expected.owner || found.group != expected.group { add(.owner) }
    if expected.kind == .symbolicLink, found.linkTarget != expected.linkTarget { add(.linkTarget) }
    if expected.device != found.device { add(.kind) }
    let names = differing(found.attributes, expected.attributes)
    let labels = names.filter { $0 == TreeComparisonExceptions.relabelled }
    if !labels.isEmpty { add(.attributes(labels), purpose: "the new root is relabelled for SELinux") }
    let others = names.filter { $0 != TreeComparisonExceptions.relabelled }
    if !others.isEmpty { add(.attributes(others)) }
  }

  private func differing(_ found: [ExtendedAttribute], _ expected: [ExtendedAttribute]) -> [String] {
    Set(found).symmetricDifference(expected).map(\.name).reduce(into: Set<String>()) { $0.insert($1) }
      .filter { comparesACLs || !$0.hasPrefix("system.") }.sorted()
  }
}
