import ExtentAnalyzer
import FilesystemReader
import LinuxStorage
import SpaceModel

/// Whether an ext image that others are to be compared with is whole itself: else its losses would be theirs.
enum PayloadIntegrity {
  /// - Parameter path: An ISO's filesystem is not asked, which nobody writes through a loop device.
  /// - Throws: ``StorageError`` `.corrupt` where it is damaged or may be.
  static func check(_ path: FilePath) throws(StorageError) {
    let file = try ReadOnlyFile.open(path, expecting: .regularFileOrBlockDevice)
    guard try file.status().kind == .regular else { return }
    let source = try LiveFile(file)
    guard try ContentSignature.type(of: source) == "ext" else { return }
    var analyzer = ImageAnalyzer()
    analyzer.readsData = false
    let integrity = try IntegrityCheck.verify(source, map: analyzer.measure(source).map, readsData: true).integrity
    guard integrity.state == .damaged || integrity.state == .suspect else { return }
    throw StorageError(
      .corrupt, operation: "compare with", path: path,
      message: "the payload itself is \(integrity.state.rawValue): \(integrity.reason.asClause)",
      hint: "Give one that is whole; headroom verify names what this one lost.")
  }
}

extension String {
  /// A sentence without its full stop, to stand within another.
  var asClause: String { hasSuffix(".") ? String(dropLast()) : self }
}
