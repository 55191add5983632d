import SpaceModel

/// One upgrade's outcome in a line.
struct ProjectionStatement {
  private let projection: Projection
  private let place: String

  /// - Parameter report: The one it is part of, escaped like it.
  init(_ projection: Projection, in report: Report) {
    self.projection = projection
    place = report.placeName(of: projection)
  }

  /// `COS_STATE: upgrade to v1.8.1 needs 795 MiB more; every command would exit 0 and the image would be damaged`
  var words: String {
    switch projection.outcome {
    case .silentCorruption:
      short("every command would exit 0 and the image would be damaged")
    case .loudFailure: short("it would fail and the node would stay as it is")
    case .tight: "\(place): \(upgrade) fits\(estimate), but leaves only \(spare)\(margin)"
    case .fits:
      "\(upgrade) fits\(estimate)" + (projection.headroomBytes == nil ? "" : ", \(spare) to spare on \(place)")
    case .unknown: "\(place): \(reason)"
    }
  }

  /// `COS_STATE 795 MiB short for v1.8.1, silent damage`
  var brief: String {
    let target = projection.target.map { " for \($0)" } ?? ""
    switch projection.outcome {
    case .silentCorruption: return (shortage.map { "\(place) \($0) short\(target)" } ?? reason) + ", silent damage"
    case .loudFailure: return (shortage.map { "\(place) \($0) short\(target)" } ?? reason) + ", would fail"
    case .tight: return "\(place) only \(spare) to spare\(target)"
    case .fits, .unknown: return words
    }
  }

  private func short(_ consequence: String) -> String {
    guard let shortage else { return "\(place): \(upgrade): \(reason)" }
    let atWorst = projection.leastNeedBytes.map { $0 == projection.needBytes ? "" : " at worst" } ?? ""
    return "\(place): \(upgrade) needs \(shortage) more\(atWorst); \(consequence)"
  }

  /// What is missing, where it is space; inodes, the inside of an image and a product's own rule have their own arithmetic.
  private var shortage: ByteCount? {
    switch projection.cause {
    case .tree?, .image?, nil: break
    case .imageBlocks?, .imageInodes?, .stateInodes?, .rule?: return nil
    }
    return projection.headroomBytes.flatMap { $0 < .zero ? ByteCount.zero - $0 : nil }
  }

  private var upgrade: String {
    "upgrade" + (projection.target.map { " to \($0)" } ?? "")
      + (projection.upgrade == "system" ? "" : " (\(projection.upgrade))")
  }

  private var estimate: String { projection.basis?.isEstimate == true ? " by estimate" : "" }
  private var spare: String { (projection.headroomBytes ?? .zero).description }
  private var margin: String { projection.marginBytes.map { ", less than the margin of \($0)" } ?? "" }

  private var reason: String {
    projection.reason.last == "." ? String(projection.reason.dropLast()) : projection.reason
  }
}
