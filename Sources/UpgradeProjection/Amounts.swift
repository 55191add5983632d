import SpaceModel

/// How many bytes a step's quantity is, at one end of what is known.
struct Amounts {
  enum End { case least, most }

  let end: End
  let sizes: SystemSizes?
  var figures: StateFigures
  let calculation: UpgradeCalculation

  private var size: SystemSize? { end == .least ? sizes?.least : sizes?.most }

  /// - Returns: The bytes, and where the figure comes from; `nil` where there is nothing such and so no step.
  func amount(
    of quantity: UpgradeProfile.Quantity, _ step: UpgradeProfile.Step
  ) throws(UpgradeCalculation.Missing) -> (ByteCount, String)? {
    switch quantity {
    case .tree: return (try known(size?.tree), basis)
    case .image: return (try known(size?.image), basis)
    case .changedFiles: return (end == .least ? .zero : try known(size?.tree), "from nothing to all of the tree")
    case .denseImage: return (try known(calculation.request.payload?.source.fileBytes), "the image file's size")
    case .squashfs: return try squashfs(step)
    case .otherFiles: return (figures.otherFiles, "what the old ones take")
    case .bytes: return (step.bytes ?? .zero, "fixed")
    case .active: return removed(figures.image(.active))
    case .passive: return removed(figures.image(.passive))
    case .recovery: return removed(figures.image(.recovery))
    case .oldSnapshots: return figures.oldSnapshots > .zero ? (figures.oldSnapshots, "allocated") : nil
    case .leftImage: return figures.leftImage > .zero ? (figures.leftImage, "allocated") : nil
    case .reclaimablePassive: return reclaimable(figures.image(.passive))
    }
  }

  private var basis: String {
    switch sizes?.basis.kind {
    case .payload, .card: "payload"
    case .given: "as given"
    default: end == .most ? "1.3 times the installed system" : "installed system"
    }
  }

  private func known(_ bytes: ByteCount?) throws(UpgradeCalculation.Missing) -> ByteCount {
    guard let bytes else {
      throw UpgradeCalculation.Missing(
        reason: "How large the new system is, is not known.", lacksPayload: calculation.request.payload == nil)
    }
    return bytes
  }

  private func squashfs(_ step: UpgradeProfile.Step) throws(UpgradeCalculation.Missing) -> (ByteCount, String) {
    let source = calculation.request.payload?.source
    if let bytes = source?.fileBytes, source?.kind == .squashfs || source?.kind == .iso {
      return (bytes, "the payload's squashfs")
    }
    if let bytes = step.bytes { return (bytes, "usual size; the payload is not a squashfs") }
    throw UpgradeCalculation.Missing(
      reason: "'\(step.name)' writes a squashfs, whose size only the payload's own tells.", lacksPayload: source == nil)
  }

  private func removed(_ image: StateFigures.Image?) -> (ByteCount, String)? {
    guard let image else { return nil }
    if image.isPinned { return (.zero, "in use: given back at the next reboot") }
    return (figures.given(back: image), "allocated")
  }

  /// The bound that holds for certain; an estimate from bitmaps takes old data for zeros.
  private func reclaimable(_ image: StateFigures.Image?) -> (ByteCount, String)? {
    guard let image else { return nil }
    guard let bytes = image.reclaimable else { return (.zero, "not measured") }
    if bytes == .zero { return nil }
    if image.isEstimate, end == .most { return (.zero, "only estimated, so not counted on") }
    return (bytes, image.isEstimate ? "estimated" : "measured")
  }

}
