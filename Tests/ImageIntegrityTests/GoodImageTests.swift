import Foundation
import SpaceAudit
import SpaceModel
import TestSupport
import Testing

/// Good images are clean, whatever made them.
@Suite(.serialized, .needsRootAndLoop) struct GoodImageTests {
  private static let geometries: [ImageRecipe] = {
    var recipes: [ImageRecipe] = []
    for block in ["1024", "2048", "4096"] {
      recipes.append(ImageRecipe(type: "ext2", arguments: ["-b", block]))
      recipes.append(ImageRecipe(type: "ext3", arguments: ["-b", block]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block]))
      recipes.append(
        ImageRecipe(type: "ext4", arguments: ["-b", block, "-E", "lazy_itable_init=0,lazy_journal_init=0"]))
      recipes.append(
        ImageRecipe(type: "ext4", arguments: ["-b", block, "-E", "lazy_itable_init=1,lazy_journal_init=1"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^has_journal"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^metadata_csum,uninit_bg"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^metadata_csum,^uninit_bg"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^resize_inode,^64bit"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^resize_inode,meta_bg"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "^flex_bg,sparse_super2"]))
      recipes.append(ImageRecipe(type: "ext2", arguments: ["-b", block, "-O", "^resize_inode", "-I", "128"]))
      recipes.append(
        ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "quota,project,ea_inode,verity", "-i", "2048"]))
      recipes.append(ImageRecipe(type: "ext4", arguments: ["-b", block, "-O", "mmp,orphan_file"]))
      recipes.append(ImageRecipe(type: "ext2", arguments: ["-b", block, "-N", "16384"], sizeMiB: 200))
    }
    return recipes
  }()

  private func expectClean(_ image: String, _ what: String) throws {
    for readsData in [true, false] {
      let survey = try verify(image, readsData: readsData)
      let integrity = survey.integrity
      #expect(integrity.state == .clean, "\(what), data read: \(readsData): \(integrity)")
      #expect(integrity.lostBytes == .zero && integrity.files == [], "\(what): \(integrity)")
      #expect(integrity.metadataLost == nil && integrity.unreachableInodes == 0, "\(what): \(integrity)")
    }
  }

  @Test("a fresh filesystem is clean, and one that was filled, emptied in part, checked and copied")
  func everyGeometry() throws {
    for recipe in LongProof.cases(Self.geometries, sample: 8) {
      let scratch = try ScratchDirectory()
      let image = try recipe.make(in: scratch)
      try expectClean(image, "fresh \(recipe)")
      // Features that this kernel does not mount are as mke2fs left them.
      guard let mount = try? Mount(device: image, options: ["loop"]) else { continue }
      var random = Seed.current.derived(1)
      try SampleTree.fill(mount.mountpoint, &random)
      try mount.unmount()
      try Command.check("sync", image)
      try expectClean(image, "filled \(recipe)")
      try LoopMount.with(image: image) { root, _ in
        for index in 0..<250 { unlink("\(root)/usr/share/many/file-with-a-longer-name-\(index * 2)") }
        try Command.check("rm", "-r", "\(root)/usr/lib/modules")
      }
      try expectClean(image, "files deleted \(recipe)")
      try Command.check("e2fsck", "-fy", image)
      try expectClean(image, "checked \(recipe)")
      try Command.check("cp", "--sparse=never", image, scratch.file("passive.img"))
      try expectClean(scratch.file("passive.img"), "copied byte by byte \(recipe)")
    }
  }

  @Test("sparse and preallocated files inside are no losses", arguments: ["ext4", "ext2"])
  func sparseAndPreallocatedFilesInside(_ type: String) throws {
    let scratch = try ScratchDirectory()
    for options in [[], ["dioread_lock"]] where type == "ext4" || options.isEmpty {
      let image = try ImageRecipe(type: type, arguments: ["-b", "4096"]).make(in: scratch)
      try LoopMount.with(image: image, type: type == "ext4" ? "ext4" : nil, options: options) { root, _ in
        var random = Seed.current.derived(2)
        try SampleTree.fill(root, &random)
        try Command.check("truncate", "-s", "5M", "\(root)/sparse")
        try Command.check("dd", "if=/dev/urandom", "of=\(root)/sparse", "bs=4k", "seek=700", "count=3", "conv=notrunc")
        guard type == "ext4" else { return }
        for (name, size, at) in [("a", "32K", "3"), ("b", "1M", "3"), ("c", "1M", "100"), ("d", "40M", "0")] {
          try Command.check("fallocate", "-l", size, "\(root)/preallocated-\(name)")
          try Command.check(
            "dd", "if=/dev/urandom", "of=\(root)/preallocated-\(name)", "bs=4k", "seek=\(at)", "count=1", "conv=notrunc"
          )
        }
        try Data([1]).write(to: URL(fileURLWithPath: "\(root)/beyond-its-end"))
        try Command.check("fallocate", "-n", "-l", "1M", "\(root)/beyond-its-end")
      }
      let survey = try verify(image)
      #expect(survey.integrity.state == .clean, "\(options): \(survey.integrity)")
      #expect(survey.isAsWritten)
    }
  }

  @Test("an image that was synced and never unmounted is no loss", arguments: ["ext2", "ext4"])
  func anImageThatWasSyncedAndNeverUnmounted(_ type: String) throws {
    let scratch = try ScratchDirectory()
    let image = try ImageRecipe(type: type, arguments: ["-b", "4096"]).make(in: scratch)
    let copy = scratch.file("copy.img")
    try LoopMount.with(image: image) { root, _ in
      var random = Seed.current.derived(3)
      try SampleTree.fill(root, &random)
      try Command.check("sync", "-f", root)
      try Command.check("cp", "--sparse=auto", image, copy)
      let live = try verify(image).integrity
      #expect(live.state == (type == "ext2" ? .clean : .unknown), "\(live)")
    }
    // The journal's contents are not in their place yet.
    let integrity = try verify(copy).integrity
    #expect(integrity.state == (type == "ext2" ? .clean : .unknown), "\(integrity)")
    #expect(try verify(image).integrity.state == .clean)
  }

  @Test("a filesystem made larger or smaller is clean", arguments: ["ext2", "ext4"])
  func aFilesystemMadeLargerOrSmaller(_ type: String) throws {
    let scratch = try ScratchDirectory()
    var random = Seed.current.derived(4)
    let image = try makeGoodImage(ImageRecipe(type: type, arguments: ["-b", "1024"]), in: scratch, &random)
    try Command.check("truncate", "-s", "150M", image)
    try Command.check("e2fsck", "-fy", image)
    try Command.check("resize2fs", image)
    try expectClean(image, "larger")
    try Command.check("resize2fs", image, "90M")
    try expectClean(image, "smaller, the image as large as before")
    try Command.check("truncate", "-s", "80M", image)
    let cut = try verify(image).integrity
    #expect(cut.state == .damaged, "\(cut)")
  }

  @Test("an image made by mke2fs -d, and one filled by rsync, are clean", arguments: ["ext2", "ext4"])
  func anImageMadeByMke2fs(_ type: String) throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    var random = Seed.current.derived(5)
    try SampleTree.fill(tree, &random)
    let made = try ImageRecipe(type: type, arguments: ["-b", "4096", "-d", tree]).make(in: scratch, name: "made.img")
    try expectClean(made, "mke2fs -d")
    let filled = try ImageRecipe(type: type, arguments: ["-b", "4096"]).make(in: scratch, name: "filled.img")
    _ = try LoopMount.with(image: filled) { root, _ in try Command.check("rsync", "-aX", "\(tree)/", "\(root)/") }
    try expectClean(filled, "rsync")
  }

  @Test(
    "a filesystem of large blocks that reserves nothing to grow is clean", arguments: [("16384", 200), ("65536", 1024)])
  func largeBlocks(block: String, mebibytes: Int) throws {
    let scratch = try ScratchDirectory()
    let image = try scratch.sparseFile("large.img", bytes: mebibytes << 20)
    try Command.check("mke2fs", "-q", "-F", "-t", "ext4", "-b", block, image)
    try expectClean(image, "blocks of \(block)")
  }

  @Test("features whose blocks have no single owner are unknown")
  func featuresWithoutASingleOwner() throws {
    let scratch = try ScratchDirectory()
    for feature in ["bigalloc", "inline_data"] {
      let image = try ImageRecipe(type: "ext4", arguments: ["-b", "4096", "-O", feature]).make(in: scratch)
      #expect(try verify(image).integrity.state == .unknown)
    }
  }

  @Test("a large file of zeros that somebody wrote is no loss in an image as it was written")
  func aFileOfZerosThatSomebodyWrote() throws {
    let scratch = try ScratchDirectory()
    let image = try ImageRecipe(type: "ext4", arguments: ["-b", "4096"]).make(in: scratch)
    _ = try LoopMount.with(image: image) { root, _ in
      try Command.check("dd", "if=/dev/zero", "of=\(root)/zeros", "bs=64k", "count=4")
    }
    try expectClean(image, "zeros")
  }
}
