import Foundation
import SpaceModel
import TestSupport
import Testing

@testable import SpaceReport

@Suite struct PrometheusReportTests {
  private func lines(_ report: Report, _ metric: String) -> [String] {
    PrometheusReport(report).render().split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("\(metric){") || $0.hasPrefix("\(metric) ") }
  }

  @Test("of many images the largest are named and the others counted")
  func ofManyImagesTheLargestAreNamed() {
    let images = (0..<100).map {
      Samples.image(FilePath("cOS/\($0).img"), allocated: .mebibytes(Int64($0 % 50)), reclaimable: .zero)
    }
    let report = Samples.report([Samples.state(images)])
    let named = lines(report, "headroom_image_allocated_bytes")
    #expect(named.count == 64)
    #expect(named.first == "headroom_image_allocated_bytes{fslabel=\"COS_STATE\",image=\"cOS/18.img\"} \(18 << 20)")
    #expect(!named.contains { $0.contains("/17.img") || $0.contains("/67.img") })
    #expect(lines(report, "headroom_images_omitted") == ["headroom_images_omitted 36"])
  }

  @Test("a label that two filesystems carry comes with the device")
  func aLabelThatTwoFilesystemsCarryComesWithTheDevice() {
    var other = Samples.state()
    other.device = "/dev/sdb4"
    var plain = Partition(device: "/dev/sdc", state: .offline)
    plain.sizeBytes = .gibibytes(1)
    #expect(
      lines(Samples.report([Samples.state(), other, plain]), "headroom_partition_size_bytes") == [
        "headroom_partition_size_bytes{fslabel=\"COS_STATE\",device=\"/dev/sda4\"} 8589934592",
        "headroom_partition_size_bytes{fslabel=\"COS_STATE\",device=\"/dev/sdb4\"} 8589934592",
        "headroom_partition_size_bytes{device=\"/dev/sdc\"} 1073741824",
      ])
  }

  @Test(
    "names are escaped and never become one another",
    arguments: [
      (Array("a\"b\\c".utf8), #"a\"b\\c"#), (Array("a\nb".utf8), "percent:a%0Ab"), ([0x61, 0xFF], "percent:a%FF"),
      (Array("percent:a%FF".utf8), "percent:percent:a%25FF"), (Array("ünï".utf8), "ünï"),
    ])
  func namesAreEscaped(_ name: [UInt8], _ label: String) {
    let report = Samples.report([Samples.state([Samples.image(FilePath(bytes: name))])])
    #expect(
      lines(report, "headroom_image_apparent_bytes") == [
        "headroom_image_apparent_bytes{fslabel=\"COS_STATE\",image=\"\(label)\"} 3221225472"
      ])
  }

  @Test("what is not known is no sample, and a hard link no second image")
  func whatIsNotKnownIsNoSample() {
    var link = Samples.image("cOS/link.img")
    link.hardLinkOf = "cOS/passive.img"
    let report = Samples.report([Samples.state([Samples.image(), link])])
    let text = PrometheusReport(report).render()
    #expect(!text.contains("headroom_image_reclaimable_bytes") && !text.contains("headroom_upgrade_"))
    #expect(lines(report, "headroom_image_apparent_bytes").count == 1)
  }

  @Test("findings are counted by what was found; ignored ones apart")
  func findingsAreCounted() {
    var ignored = Finding(.imageNotSparse, .warning, target: "c", message: "x")
    ignored.ignored = true
    let report = Samples.report(
      [],
      findings: ["a", "b"].map { Finding(.imageNotSparse, .warning, target: $0, message: "x") } + [ignored])
    #expect(
      lines(report, "headroom_findings") == ["headroom_findings{finding=\"image-not-sparse\",severity=\"warning\"} 2"])
    #expect(
      lines(report, "headroom_findings_ignored") == [
        "headroom_findings_ignored{finding=\"image-not-sparse\",severity=\"warning\"} 1"
      ])
  }

  @Test("the time is that of the report, in every month of a century")
  func theTimeIsThatOfTheReport() {
    let formatter = ISO8601DateFormatter()
    for day in stride(from: 0, to: 60_000, by: 17) {
      let seconds = day * 86_400 + (day * 7919) % 86_400
      let text = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(ReportTime.seconds(text) == Int64(seconds), "\(text)")
    }
    for text in [
      "", "2026-02-03", "2026-13-03T04:05:06Z",
      "x026-02-03T04:05:06Z",
    ] {
      #expect(ReportTime.seconds(text) == nil)
    }
  }
}
