import SpaceModel
import Testing

@testable import SpaceReport

@Suite("The page")
struct HTMLReportTests {
  /// An incident whose upgrade has been projected.
  static func projected(_ outcome: Projection.Outcome = .silentCorruption) -> Report {
    var report = Samples.incident()
    var projection = Projection(
      filesystemLabel: "COS_STATE", upgrade: "system", profile: "harvester", profileSource: "detected",
      model: "two-copy", outcome: outcome, reason: "The image does not fit.")
    projection.device = "/dev/sda4"
    projection.target = "v1.4.1"
    var basis = Projection.Basis(kind: .card, source: "harvester-v1.4.1")
    basis.treeBytes = .gibibytes(2)
    basis.imageBytes = .gibibytes(2)
    projection.basis = basis
    projection.usableBytes = .gibibytes(3)
    projection.needBytes = .gibibytes(4)
    projection.headroomBytes = ByteCount.zero - .gibibytes(1)
    projection.highWaterMarkBytes = .gibibytes(9)
    projection.peakStep = "fill"
    projection.steps = [
      .init(
        name: "unpack", changeBytes: .gibibytes(2), usedBytes: .gibibytes(7), freeBytes: .gibibytes(1), source: nil),
      .init(
        name: "fill", changeBytes: .gibibytes(2), usedBytes: .gibibytes(9), freeBytes: .zero - .gibibytes(1),
        source: nil),
    ]
    projection.whatIfs = [
      .init(
        id: "remove-passive", freesBytes: .gibibytes(3), headroomBytes: .gibibytes(2), outcome: .fits,
        risk: "no fallback"),
      .init(id: "remove-leftovers", freesBytes: .zero, headroomBytes: nil, outcome: .unknown, risk: nil),
    ]
    report.projections = [projection]
    return report
  }

  private func page(_ report: Report) -> String { HTMLReport(report).render() }

  @Test("The same report gives the same bytes") func sameBytes() {
    #expect(page(Self.projected()) == page(Self.projected()))
  }

  @Test("It forbids itself everything but its own style, and names its language") func policy() {
    let page = page(Samples.incident())
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"))
    #expect(
      page.contains(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;\"/>"
      ))
    #expect(page.components(of: "<script").count == 2)
    #expect(!page.contains("src=\"") && !page.contains("url(h"))
  }

  @Test(
    "It opens with the sentences that text opens with",
    arguments: [.silentCorruption, .loudFailure, .fits, .tight, .unknown] as [Projection.Outcome])
  func opening(_ outcome: Projection.Outcome) throws {
    let report = Self.projected(outcome)
    let opening = ReportOpening(report: report.escaped, style: TextStyle())
    let headline = try #require(opening.headline)
    let page = page(report)
    #expect(page.contains("<h1>\(headline.call)</h1>"))
    #expect(page.contains("<title>node-1: \(headline.call)</title>"))
    for sentence in [opening.figures, opening.running].compactMap({ $0 }) { #expect(page.contains(sentence)) }
    let text = TextReport(report, style: TextStyle(width: 1000)).render()
    #expect(text.hasPrefix("node-1: \(headline.call)\(headline.rest)\n"))
  }

  @Test("Without a projection the verdict opens it, and what to do follows") func verdictAlone() {
    let page = page(Samples.incident())
    #expect(page.contains("<h1>WARNING</h1>"))
    #expect(page.contains("1 image wastes space; digging holes gives back 1.39 GiB."))
    #expect(page.contains("Do this first"))
    #expect(page.contains("headroom reclaim --apply --remount --verify /run/initramfs/cos-state/cOS/passive.img"))
    #expect(page.contains("fallocate --dig-holes /run/initramfs/cos-state/cOS/passive.img"))
    #expect(!page.contains("id=\"upgrade\""))
  }

  @Test("The chart has the peak, the shortfall and the line; tables have them beneath") func chart() {
    let page = page(Self.projected())
    #expect(page.contains("usable space ends: 8.00 GiB"))
    #expect(page.contains(">fill: peak</text>"))
    #expect(page.contains(">+2.00 GiB; 1.00 GiB short</text>"))
    #expect(page.contains("<rect class=\"short\""))
    #expect(page.contains("The peak is at the step fill, with 9.00 GiB used of 8.00 GiB: 1.00 GiB short."))
    #expect(page.contains("− the unpacked tree") && page.contains("= short"))
    #expect(page.contains("no fallback"))
  }

  @Test("What is not known is called unknown, never 0") func unknown() {
    var partition = Partition(device: "/dev/sdz1", state: .offline)
    partition.images = [
      ImageUsage(
        path: "a.img", role: .other, apparentBytes: .gibibytes(1), allocatedBytes: .gibibytes(1), mapSource: .blocks)
    ]
    let page = page(Samples.report([partition]))
    #expect(!page.contains(">0 B<"))
    #expect(page.contains("what digging holes gives back is unknown"))
    #expect(page.contains("how full they are is unknown: /dev/sdz1."))
    #expect(page.contains("Where its data lies is unknown."))
  }

  @Test("Empty sections say why, or are left out") func empty() {
    let page = page(Samples.report([]))
    for words in ["No partition was found.", "No partition was searched for images.", "Nothing was found."] {
      #expect(page.contains(words))
    }
    for id in ["upgrade", "integrity", "limits"] { #expect(!page.contains("id=\"\(id)\"")) }
  }

  @Test("Partition shares add up to the capacity, whatever a filesystem claims") func shares() throws {
    for (free, usable, reclaimable) in [(3, 2, 1), (99, 99, 99), (-5, 7, -3), (0, 4, 9)] as [(Int64, Int64, Int64)] {
      var partition = Samples.state([])
      partition.capacityBytes = .gibibytes(8)
      partition.freeBytes = .gibibytes(free)
      partition.usableBytes = .gibibytes(usable)
      partition.totals = .init(allocatedBytes: .gibibytes(1), reclaimableBytes: .gibibytes(reclaimable))
      let shares = try #require(PartitionShares(partition))
      #expect(shares.kept + shares.reclaimable + shares.reserved + shares.free == .gibibytes(8))
      #expect([shares.kept, shares.reclaimable, shares.reserved, shares.free].allSatisfy { $0 >= .zero })
    }
  }

  @Test("A map marks the cells in which something is lost, and no others") func lostCells() {
    var image = Samples.image()
    let map = HoleMap(cellBytes: ByteCount(4096), cells: Array(repeating: .data, count: 130))
    image.map = map
    var integrity = Integrity(state: .damaged, reason: "Lost.")
    // One byte of cell 1; the end of row 0 to the start of row 1; what lies behind the image or makes no sense.
    integrity.lostRegions = [[4096, 4097], [63 * 4096, 65 * 4096], [130 * 4096, 140 * 4096], [9, 3], [7]]
    image.integrity = integrity
    let source = HoleMapPicture(image: image, map: map, id: "m").html.source
    #expect(source.contains("<path class=\"cell-lost\" d=\"M1 0h1v.86h-1zM63 0h1v.86h-1zM0 1h1v.86h-1z\"/>"))
    #expect(source.contains("In 3 of them something is lost."))
    #expect(source.contains("<path class=\"cell-data\" d=\"M0 0h64v.86h-64zM0 1h64v.86h-64zM0 2h2v.86h-2z\"/>"))
    // More regions than the model has are none of it.
    integrity.lostRegions = Array(repeating: [0, 1], count: Integrity.regionLimit) + [[8192, 8193]]
    image.integrity = integrity
    #expect(HoleMapPicture(image: image, map: map, id: "m").html.source.contains("In 1 of them something is lost."))
  }

  @Test("Verify opens with the images' state, and has every file that is not whole") func verify() throws {
    var report = Samples.incident()
    let state = try #require(report.partitions.firstIndex { $0.images != nil })
    var integrity = Integrity(state: .damaged, reason: "12 KiB were never written.", checked: ["holes"])
    integrity.files = (0..<300).map { Integrity.File(path: FilePath("/usr/lib/f\($0)"), sizeBytes: .mebibytes(1)) }
    report.partitions[state].images?[0].integrity = integrity
    report.partitions[state].images?[1].integrity = Integrity(
      state: .clean, reason: "All is there.", checked: ["holes"])
    report.findings = IntegrityRules().findings(for: report.partitions[state])
    let page = page(report.ofIntegrity)
    #expect(page.contains("<h1>1 OF 2 IMAGES IS DAMAGED</h1>"))
    #expect(page.contains("COS_STATE:cOS/active.img: 12 KiB were never written."))
    #expect((0..<300).allSatisfy { page.contains(">/usr/lib/f\($0)</code>") })
    #expect(page.contains("/usr/lib</code>: 300 files</summary>"))
    #expect(page.contains("1. Boot the fallback (passive). 2. Do not run an upgrade"))
    let clean = report.partitions[state].images?[1].integrity
    report.partitions[state].images?[0].integrity = clean
    report.findings = []
    #expect(self.page(report.ofIntegrity).contains("<h1>ALL 2 IMAGES ARE WHOLE</h1>"))
    #expect(self.page(Samples.incident().ofIntegrity).contains("<h1>NOTHING VERIFIED</h1>"))
  }

  @Test("What was asked to be ignored is there, and said to be no part of the verdict") func ignored() {
    var report = Samples.incident()
    report.findings[0].ignored = true
    #expect(page(report).contains("it is no part of the verdict"))
  }
}

extension String {
  fileprivate func components(of separator: String) -> [Substring] {
    split(separator: separator, omittingEmptySubsequences: false)
  }
}
