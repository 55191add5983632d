import Foundation
import SpaceModel
import TestSupport
import Testing

/// An ordinary user's quota is used up at one stage or another.
///
/// Whether the kernel can is found out by mounting one; each filesystem is a test of its own, which says why it cannot.
@Suite(.serialized) struct CopyQuotaTests {
  @Test("on ext4 a quota ends a copy with a clear error")
  func onExt4() throws { try prove(.ext4) }

  @Test("on xfs a quota ends a copy with a clear error")
  func onXFS() throws { try prove(.xfs) }

  @Test("on btrfs a quota ends a copy with a clear error")
  func onBtrfs() throws { try prove(.btrfs) }

  private func prove(_ kind: QuotaFilesystem) throws {
    if let missing = kind.missing { try Test.cancel("\(missing)") }
    let scratch = try ScratchDirectory()
    let source = scratch.file("source")
    try Command.check("dd", "if=/dev/urandom", "of=\(source)", "bs=1M", "count=16", "status=none")
    let content = try Reclaim.checksum(source)
    let stat = try Command.check("stat", "-c", "%s %b %y %z", source).text
    // At the first byte, in the middle, at the last one; beside what is there already.
    for (limit, filler) in [(1, 0), (9, 0), (16, 1), (20, 12)] {
      try kind.with(limitMiB: limit) { directory in
        if filler > 0 {
          try Command.check(
            "dd", "if=/dev/urandom", "of=\(directory)/filler", "bs=1M", "count=\(filler)", "conv=fsync", "status=none",
            asUser: Machine.ordinaryUser)
        }
        for hasOld in [false, true] {
          let copy = "\(directory)/copy"
          if hasOld { try Command.check("sh", "-c", "printf old > \(copy)", asUser: Machine.ordinaryUser) }
          let result = try Headroom.run("copy", "--verify", source, copy, asUser: Machine.ordinaryUser)
          #expect(result.status == 3, "\(kind) \(limit): \(result)")
          #expect(result.errors.contains("the quota is used up"), "\(kind) \(limit): \(result)")
          #expect(result.errors.contains("Raise the quota"), "\(result)")
          #expect(FileManager.default.fileExists(atPath: copy) == hasOld, "\(kind) \(limit)")
          if hasOld { #expect(try String(contentsOfFile: copy, encoding: .utf8) == "old") }
          #expect(try CopyImage.entries(directory).filter { $0.hasPrefix(".") } == [])
        }
      }
    }
    #expect(try Reclaim.checksum(source) == content)
    #expect(try Command.check("stat", "-c", "%s %b %y %z", source).text == stat)
    if kind != .btrfs {
      // Not even the inode.
      try kind.with(limitMiB: 40, inodes: 1) { directory in
        let result = try Headroom.run("copy", source, "\(directory)/copy", asUser: Machine.ordinaryUser)
        #expect(result.status == 3 && result.errors.contains("the quota is used up"), "\(result)")
        #expect(try CopyImage.entries(directory) == [])
      }
    }
    // With room enough it is done, and as large as the source.
    try kind.with(limitMiB: 40) { directory in
      let result = try Headroom.run("copy", "--verify", source, "\(directory)/copy", asUser: Machine.ordinaryUser)
      #expect(result.status == 0, "\(result)")
      #expect(try Reclaim.checksum("\(directory)/copy") == content)
    }
  }

  @Test("on ext4 an image whose owner's quota is used up is dug, or says why not")
  func digOnExt4() throws { try proveDig(.ext4) }

  @Test("on xfs an image whose owner's quota is used up is dug, or says why not")
  func digOnXFS() throws { try proveDig(.xfs) }

  @Test("on btrfs an image whose owner's quota is used up is dug, or says why not")
  func digOnBtrfs() throws { try proveDig(.btrfs) }

  /// Holes need extent records, and those need blocks, which count as the owner's.
  private func proveDig(_ kind: QuotaFilesystem) throws {
    if let missing = kind.missing { try Test.cancel("\(missing)") }
    let scratch = try ScratchDirectory()
    let stripes = scratch.file("stripes")
    try Reclaim.makeStripes(stripes, mebibytes: 12, stripe: 4096)
    let content = try Reclaim.checksum(stripes)
    try kind.with(limitMiB: 14) { directory in
      let image = "\(directory)/image"
      // Each write an extent of its own, which btrfs asks for.
      try Command.check(
        "dd", "if=\(stripes)", "of=\(image)", "bs=4096", "oflag=direct", "status=none", asUser: Machine.ordinaryUser)
      _ = try Command.run(
        "dd", "if=/dev/urandom", "of=\(directory)/filler", "bs=64K", "conv=fsync", asUser: Machine.ordinaryUser)
      for user in [Machine.ordinaryUser, nil] {
        let result = try Headroom.run(arguments: ["reclaim", "--json", "--apply", image], asUser: user)
        let report = try Reclaim.decoded(result)
        let state = try #require(report.filesystems.first?.images.first?.state)
        if result.status == 0 {
          #expect([.done, .nothing].contains(state), "\(result)")
        } else {
          #expect(result.status == 3 && state == .failed && result.errors.contains("the quota is used up"), "\(result)")
        }
        print("reclaim under a full quota, \(kind.rawValue), \(user == nil ? "root" : "user"): \(state)")
        #expect(try Reclaim.checksum(image) == content)
      }
    }
  }
}
