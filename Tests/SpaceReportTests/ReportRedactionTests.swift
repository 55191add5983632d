import SpaceModel
import SpaceReport
import TestSupport
import Testing

/// Names leave a report, and nothing else does.
@Suite struct ReportRedactionTests {
  /// A node with a person's names on it, in all places that names get to.
  private static func secretive(_ name: FilePath = "acme-merger.img", directory: FilePath = "acme") -> Report {
    var report = Samples.full()
    let path = FilePath("cOS").appending(directory).appending(name)
    report.boot?.rootImage = FilePath("/run/initramfs/cos-state").appending(path)
    report.boot?.upgradeRunning = ["\(path.display) is being written"]
    report.limits = [Limit("not-looked-at", "cannot open '/home/acme/notes.txt': it is gone")]
    var partition = report.partitions[0]
    partition.leftovers?[0].path = path
    partition.layout?.snapshots?[0].path = path
    partition.images?[0].path = path
    partition.images?[0].hardLinkOf = path
    partition.images?[0].inUse?.by = "loop0 (\(path.display))"
    partition.images?[0].integrity?.reason = "The twin \(path.display) is whole."
    partition.images?[0].integrity?.files?[0].path = "/srv/acme/plan.pem"
    partition.images?[0].integrity?.files?[0].intactCopy = path.display
    report.partitions[0] = partition
    report.projections[0].basis?.source = "/home/acme/acme-os.squashfs"
    report.projections[0].reason = "/home/acme/acme-os.squashfs is larger than \(path.display)."
    report.projections[0].whatIfs[0].id = Projection.WhatIf.digHoles(path)
    report.projections[0].remedy = [Projection.WhatIf.digHoles(path)]
    report.findings = [
      Finding(
        .imageNotSparse, .warning, target: "COS_STATE:\(path.display)",
        message: "\(path.display) has no holes. \(name.display) is /srv/acme/plan.pem's.",
        remedy: "mount -o remount,rw /x\nfallocate --dig-holes "
          + ShellQuote.quoted(FilePath("/run/initramfs/cos-state").appending(path))),
      Finding(.targetUnreadable, .warning, target: "/home/acme/disk", message: "cannot open '/home/acme/disk': gone"),
    ]
    return report
  }

  private static func json(_ report: Report) throws -> String {
    String(decoding: try ReportEncoder.encode(report), as: UTF8.self)
  }

  static let names: [FilePath] = [
    "acme-merger.img", "acme", "acme merger.img", "acme's \"x\".img",
    FilePath(bytes: Array("acme".utf8) + [0xFF, 0x0A]),
    "acme|$(x)\n.raw", "äcme.acme",
  ]

  @Test("no name is left anywhere", arguments: names) func noNameIsLeft(name: FilePath) throws {
    let report = Self.secretive(name)
    let redacted = report.redacted(.names)
    let text = try Self.json(redacted)
    for secret in ["acme", "cme", "merger", "plan.pem", "srv/"] { #expect(!text.contains(secret), "\(text)") }
    // What is no name is as it was.
    #expect(redacted.host == report.host && redacted.verdict == report.verdict && redacted.tool == report.tool)
    #expect(redacted.partitions[0].device == "/dev/sda4")
    #expect(redacted.partitions[0].totals == report.partitions[0].totals)
    #expect(redacted.partitions[0].mountpoints == report.partitions[0].mountpoints)
    #expect(text.contains("cOS/dir-"))
    for format in [ReportFormat.text, .ndjson] {
      let rendered = try ReportRenderer(redacted, style: Samples.plain).render(as: format)
      #expect(!String(decoding: rendered, as: UTF8.self).contains("acme"))
    }
  }

  @Test("what was redacted does not change again", arguments: names) func whatWasRedactedDoesNotChange(name: FilePath) {
    for report in [Self.secretive(name), Self.secretive(name, directory: ".."), Samples.incident(), Samples.raw] {
      let once = report.redacted(.names)
      #expect(once.redacted(.names) == once)
    }
    let once = Self.secretive(name).redacted(.names)
    let saved = try? ReportDecoder.decode(ReportEncoder.encode(once), path: "r.json")
    #expect(saved?.redacted(.names) == once)
  }

  @Test("one name is one word, in paths and in texts") func oneNameIsOneWord() throws {
    let redacted = Self.secretive().redacted(.names)
    let image = try #require(redacted.partitions[0].images?[0])
    let path = image.path.display
    #expect(path.wholeMatch(of: /cOS\/dir-[0-9a-f]{8}\/img-[0-9a-f]{8}/) != nil)
    #expect(redacted.findings.contains { $0.target == "COS_STATE:\(path)" })
    #expect(redacted.projections[0].whatIfs[0].id == Projection.WhatIf.digHoles(image.path))
    #expect(redacted.projections[0].remedy == ["dig-holes:\(path)"])
    #expect(redacted.boot?.rootImage?.display == "/run/initramfs/cos-state/\(path)")
    #expect(image.integrity?.files?[0].path.display.wholeMatch(of: /\/file-\w{8}\/file-\w{8}\/file-\w{8}/) != nil)
    #expect(redacted.findings.contains { $0.target.wholeMatch(of: /\/home\/dir-\w{8}\/img-\w{8}/) != nil })
    // The same on every node: the digits are part of the interface.
    let node = Samples.incident().redacted(.names).partitions[1].images?.map(\.path.display)
    #expect(node == ["cOS/img-cf716056", "cOS/img-93479189"])
  }

  @Test("a remedy that cannot be pasted says so, others stay") func aRemedyThatCannotBePastedSaysSo() throws {
    let remedy = try #require(Self.secretive().redacted(.names).findings.first { $0.id == .imageNotSparse }?.remedy)
    let lines = remedy.split(separator: "\n")
    #expect(lines[0] == "# Names are redacted: put the real ones in first.")
    #expect(lines[1] == "mount -o remount,rw /x")
    #expect(
      lines[2].wholeMatch(of: /fallocate --dig-holes \/run\/initramfs\/cos-state\/cOS\/dir-\w{8}\/img-\w{8}/) != nil)
    var report = Samples.full()
    report.findings[0].remedy = "Reboot into the image of 'COS_STATE'."
    #expect(report.redacted(.names).findings[0].remedy == report.findings[0].remedy)
  }

  @Test("what a remedy's commands are called stays, though a damaged image holds a file of that name")
  func commandsStay() throws {
    var report = Self.secretive()
    report.partitions[0].images?[0].integrity?.files?[0].path = "/usr/bin/mount"
    report.findings[0].message = "/usr/bin/mount is damaged."
    let redacted = report.redacted(.names)
    let remedy = try #require(redacted.findings.first { $0.id == .imageNotSparse }?.remedy)
    #expect(remedy.contains("\nmount -o remount,rw /x\n"), "\(remedy)")
    #expect(!(try Self.json(redacted)).contains("/usr/bin/mount"))
  }

  @Test(
    "what was named on the command line loses its name, wherever it is said and however it ends",
    arguments: ["acme/customer7.bin", "customer7.bin", "customer 7/x", "./customer7", "/srv/acme/customer7"])
  func whatWasNamedLosesItsName(name: String) throws {
    var report = Samples.full()
    report.findings = [
      Finding(.targetUnreadable, .warning, target: name, message: "Cannot open '\(name)': there is no such file.")
    ]
    report.limits = [
      Limit("target-not-measured", "cannot open '\(name)': there is no such file"),
      Limit("evidence-not-taken", "An image was not compared with \(name): cannot open '\(name)': it is gone."),
    ]
    let redacted = report.redacted(.names)
    let text = try Self.json(redacted)
    #expect(!text.contains("customer") && !text.contains("acme"), "\(text)")
    #expect(redacted.redacted(.names) == redacted)
    // Evidence that no finding is about.
    report.findings = []
    #expect(!(try Self.json(report.redacted(.names))).contains("customer"))
    for device in ["/dev/sda", "/dev/mapper/acme"] {
      report.findings = [Finding(.targetUnreadable, .warning, target: device, message: "Cannot open '\(device)': x.")]
      #expect(report.redacted(.names).findings == report.findings)
    }
  }

  @Test("a disk image loses its name and keeps its partition's number") func aDiskImageLosesItsName() {
    var report = Samples.full()
    report.partitions[0].device = "/home/acme/acme#1.img#4"
    report.projections[0].device = "/home/acme/acme#1.img#4"
    let redacted = report.redacted(.names)
    let device = redacted.partitions[0].device
    #expect(device.display.wholeMatch(of: /\/home\/dir-\w{8}\/img-\w{8}#4/) != nil)
    #expect(redacted.projections[0].device == device)
    for node in ["/dev/sda4", "/dev/mapper/vg-lv", "/dev/loop3"] as [FilePath] {
      report.partitions[0].device = node
      #expect(report.redacted(.names).partitions[0].device == node)
    }
  }
}
