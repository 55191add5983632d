import Foundation
import TestSupport

/// A small system root: what a payload holds, with everything that makes its size hard to tell.
struct PayloadTree {
  let scratch: ScratchDirectory
  let path: String

  /// - Parameter files: How many small files it has besides the large and odd ones.
  init(
    in scratch: ScratchDirectory, name: String = "root", product: String = "Harvester", version: String = "v1.4.1",
    program: String = "/bin/true", files: Int = 3000
  ) throws {
    self.scratch = scratch
    path = try scratch.directory(name)
    try Command.check("mkdir", "-p", "\(path)/etc", "\(path)/usr/bin", "\(path)/usr/share/many", "\(path)/var/empty")
    try "NAME=\"\(product)\"\nPRETTY_NAME=\"\(product) \(version)\"\nVERSION=\"\(version)\"\nID=\"sle-micro\"\n"
      .write(toFile: "\(path)/etc/os-release", atomically: false, encoding: .utf8)
    try Command.check("cp", "-L", program, "\(path)/usr/bin/bash")
    try Command.check(
      "perl", "-e",
      """
      srand(7); chdir $ARGV[0] or die; sub put { open(my $f, '>', $_[0]) or die $_[0]; print $f $_[1]; close $f }
      for my $i (1..\(files)) { my $d = "usr/share/many/" . ($i % 40); mkdir $d;
        put("$d/file-with-a-name-$i", chr(32 + rand 90) x (rand(10) < 2 ? rand(90000) : rand(5000))) }
      put("usr/large-$_", join('', map { chr rand 256 } 1..300000) x 12) for 1..4;
      for (1..30) { link "usr/large-1", "usr/share/linked-$_" if $_ < 4; symlink 'x' x ($_ * 8), "usr/share/link-$_" }
      my $deep = 'usr/share'; for (1..20) { $deep .= "/level-$_"; mkdir $deep; put("$deep/x", 'y' x 100) }
      """, path)
    // Holes are filled by the copy.
    try Command.check("truncate", "-s", "3000000", "\(path)/var/sparse")
  }

  /// As a squashfs.
  func squashfs(_ name: String, _ options: [String] = []) throws -> String {
    let file = scratch.file(name)
    try Command.check(
      "mksquashfs", arguments: [path, file, "-noappend", "-no-progress", "-quiet"] + options, timeout: .seconds(300))
    return file
  }

  /// An ISO that holds a squashfs at `/rootfs.squashfs`.
  func iso(_ name: String, of squashfs: String) throws -> String {
    let directory = try scratch.directory("\(name)-tree")
    try Command.check("cp", squashfs, "\(directory)/rootfs.squashfs")
    let file = scratch.file(name)
    try Command.check("genisoimage", "-quiet", "-R", "-J", "-V", "COS_LIVE", "-o", file, directory)
    return file
  }

  /// An ext4 image made of it.
  func ext(_ name: String) throws -> String {
    let file = try scratch.sparseFile(name, bytes: 256 << 20)
    try Command.check("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-d", path, file)
    return file
  }
}
