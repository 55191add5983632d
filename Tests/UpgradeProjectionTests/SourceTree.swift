import Foundation
import TestSupport
import Testing

/// Trees to rehearse with, each made by a small recipe.
enum SourceTree: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case system = "system files of this machine"
  case tiny = "many tiny files"
  case huge = "a few huge files"
  case odd = "deep directories, hard links, long names, attributes, device nodes"
  case sparse = "sparse files"
  case random = "a random tree"

  var testDescription: String { rawValue }

  func make(in scratch: ScratchDirectory, seed: Seed) throws -> String {
    let path = try scratch.directory("source")
    switch self {
    case .system: try Self.makeSystem(path)
    case .tiny: try Self.makeTiny(path, count: LongProof.count(60_000, sample: 20_000))
    case .huge: try Self.makeHuge(path)
    case .odd: try Self.makeOdd(path)
    case .sparse: try Self.makeSparse(path)
    case .random: try Self.makeRandom(path, seed: seed)
    }
    return path
  }

  private static func shell(_ script: String, _ path: String) throws {
    try Command.check("bash", "-ec", script, directory: path, timeout: .seconds(300))
  }

  /// Whole directories of /usr until there are 300 MiB or so of them.
  private static func makeSystem(_ path: String) throws {
    try shell(
      """
      mkdir -p usr/lib usr/share usr/bin etc; total=0
      for from in /usr/share/perl* /usr/share/vim /usr/lib/python3* /usr/share/zoneinfo /usr/share/bash-completion \
          /usr/share/locale /usr/share/doc /usr/lib/x86_64-linux-gnu/perl* /usr/lib/git-core /usr/share/man; do
        [ -d "$from" ] || continue
        size=$(du -sm --apparent-size "$from" | cut -f1)
        [ $((total + size)) -le 300 ] || continue
        total=$((total + size)); mkdir -p ".$(dirname "$from")"; cp -a "$from" ".$from"
      done
      find /usr/bin -maxdepth 1 -size -2M | sort | head -600 | xargs cp -a -t usr/bin
      """, path)
  }

  private static func makeTiny(_ path: String, count: Int) throws {
    for directory in 0..<100 {
      let inside = "\(path)/package-\(directory)"
      try FileManager.default.createDirectory(atPath: inside, withIntermediateDirectories: true)
      for file in 0..<(count / 100) {
        let name = "\(inside)/entry-\(file * 7919 % 100_003).\(file % 3 == 0 ? "conf" : "d")"
        try Data(repeating: 0x5A, count: 1 + file % 700).write(to: URL(fileURLWithPath: name))
      }
    }
  }

  private static func makeHuge(_ path: String) throws {
    try shell(
      """
      for size in 300 150 40 7; do head -c ${size}M /dev/urandom > big-$size; done
      """, path)
  }

  private static func makeOdd(_ path: String) throws {
    try shell(
      """
      long=$(printf 'n%.0s' $(seq 200))
      deep=.; for level in $(seq 60); do deep=$deep/level-$level; mkdir $deep; echo $level > $deep/file; done
      mkdir links names attributes dev2
      head -c 300K /dev/urandom > links/0; for n in $(seq 200); do ln links/0 links/$n; done
      for n in $(seq 1500); do echo $n > names/$long-$n; done
      for n in $(seq 800); do ln -s /usr/share/some/where/$long/$n names/link-$n; ln -s short names/short-$n; done
      for n in $(seq 600); do
        head -c $((n * 37 % 9000)) /dev/urandom > attributes/$n
        case $((n % 4)) in
          0) setfattr -n user.own -v $n-$long attributes/$n ;;
          1) setfattr -n user.same -v $long attributes/$n ;;
          2) setfacl -m u:$((1000 + n % 5)):rw,g:100:r,u:7:r,g:8:r attributes/$n ;;
          3) setfattr -n user.small -v 1 attributes/$n; setfattr -n security.other -v 12345678901234567890 attributes/$n ;;
        esac
      done
      mkdir attributes/d; setfacl -d -m u:1000:rwx,g:100:rx,u:7:r attributes/d; setfacl -m u:5:rwx attributes/d
      for n in $(seq 50); do mknod dev2/c$n c 1 3; mkfifo dev2/f$n; done
      mkdir names/empty; for n in $(seq 400); do mkdir names/empty/$n; done
      for n in $(seq 30); do head -c 4M /dev/urandom > links/data-$n; done
      """, path)
  }

  private static func makeSparse(_ path: String) throws {
    try shell(
      """
      for n in $(seq 20); do truncate -s $((n * 3))M hole-$n; head -c 100K /dev/urandom | dd of=hole-$n bs=4096 seek=$((n * 20)) conv=notrunc status=none; done
      truncate -s 4K end; truncate -s 1 one; : > empty; truncate -s 123456789 large
      """, path)
  }

  private static func makeRandom(_ path: String, seed: Seed) throws {
    var random = seed
    var directories = [path]
    var left = 150 << 20
    while left > 0 {
      let parent = directories[Int.random(in: 0..<directories.count, using: &random)]
      let name = String(
        (0..<Int.random(in: 1...Int.random(in: 2...120, using: &random), using: &random)).map { _ in
          "abcdefghijklmnopqrstuvwxyz0123456789.-_".randomElement(using: &random) ?? "x"
        })
      let item = "\(parent)/x\(name)"
      if FileManager.default.fileExists(atPath: item) { continue }
      if Int.random(in: 0..<12, using: &random) == 0 {
        try FileManager.default.createDirectory(atPath: item, withIntermediateDirectories: false)
        directories.append(item)
        continue
      }
      // Sizes over all magnitudes, most of them small.
      let bits = min(Int.random(in: 0...24, using: &random), Int.random(in: 0...24, using: &random))
      let size = Int.random(in: 0...(1 << bits), using: &random)
      left -= size + 4096
      try Data(repeating: 0xA5, count: size).write(to: URL(fileURLWithPath: item))
    }
  }
}
