import SpaceModel

/// Something a person can do before an upgrade to have more room for it.
enum SpaceAction: Hashable {
  /// Digs holes into an image.
  case digHoles(FilePath)
  /// Removes what an interrupted upgrade left.
  case removeLeftovers
  /// Removes the fallback.
  case removePassive

  var id: String {
    switch self {
    case .digHoles(let path): Projection.WhatIf.digHoles(path)
    case .removeLeftovers: Projection.WhatIf.removeLeftovers
    case .removePassive: Projection.WhatIf.removePassive
    }
  }

  /// What the steps of a remedy cost, least first: leftovers are of no use, digging changes no content, and without
  /// passive there is no way back while the upgrade runs.
  var cost: Int {
    switch self {
    case .removeLeftovers: 1
    case .digHoles: 10
    case .removePassive: 1000
    }
  }

  /// All that can be done on a filesystem, what costs least first.
  static func all(on figures: StateFigures) -> [SpaceAction] {
    let digs = figures.images
      .filter { image in
        guard let reclaimable = image.reclaimable else { return false }
        return reclaimable >= .mebibytes(1) && !image.isWritable && image.role != .transition
      }
      .sorted { ($0.reclaimable ?? .zero) > ($1.reclaimable ?? .zero) }
      .map { SpaceAction.digHoles($0.path) }
    return (figures.removableLeftovers.isEmpty ? [] : [.removeLeftovers]) + digs
      + (figures.image(.passive) == nil ? [] : [.removePassive])
  }
}

extension StateFigures {
  /// The filesystem after an action.
  ///
  /// - Parameter assured: Only what was measured is given back; an estimate takes old data for zeros.
  func after(_ action: SpaceAction, assured: Bool = false) -> StateFigures {
    var figures = self
    switch action {
    case .digHoles(let path):
      guard let index = images.firstIndex(where: { $0.path == path }), let reclaimable = images[index].reclaimable
      else { break }
      let given = assured && images[index].isEstimate ? .zero : reclaimable
      figures.images[index].allocated = images[index].allocated - given
      figures.images[index].reclaimable = .zero
      figures.free(given)
    case .removeLeftovers:
      figures.free(removableLeftovers.reduce(.zero) { $0 + $1.allocatedBytes })
      figures.leftovers.removeAll { leftover in removableLeftovers.contains(leftover) }
      figures.images.removeAll { image in removableLeftovers.contains { $0.path == image.path } }
    case .removePassive:
      guard let passive = image(.passive) else { break }
      figures.free(given(back: passive))
      figures.images.removeAll { $0.path == passive.path }
    }
    return figures
  }

  private mutating func free(_ bytes: ByteCount) {
    used = used - bytes
    usable += bytes
  }
}
