import Foundation
import TestSupport

/// Trees of 500 MB and more to rehearse upgrades with. All hold files that are zeros in part or throughout, sparse ones
/// (which the copy fills), long links and an os-release.
enum RehearsedTree: String, CaseIterable, Sendable {
  case large = "few large files"
  case system = "system files of this machine"
  case small = "many small files"

  /// Makes it and gives its path.
  func make(in scratch: ScratchDirectory) throws -> String {
    let path = try scratch.directory("tree")
    try Command.check("mkdir", "-p", "\(path)/etc", "\(path)/usr/share/odd", "\(path)/usr/share/zz")
    try "NAME=\"SLE\"\nPRETTY_NAME=\"Harvester v1.8.0\"\nVERSION=\"v1.8.0\"\nID=\"sle-micro\"\n"
      .write(toFile: "\(path)/etc/os-release", atomically: false, encoding: .utf8)
    try Self.shell(contents, path)
    try Self.shell(Self.odd, path)
    return path
  }

  private static func shell(_ script: String, _ path: String) throws {
    try Command.check("bash", "-ec", script, directory: path, timeout: .seconds(300))
  }

  private var contents: String {
    switch self {
    case .system:
      // As much as there is of 560 MiB, in the order of names; random files where that is less.
      """
      find /usr/share /usr/bin /usr/libexec /usr/lib/x86_64-linux-gnu -xdev \\( -type f -o -type l \\) -size -40M \
          -printf '%s %p\\n' | sort -rk2 |
        awk '{ total += $1; if (total > 560 * 1048576) exit; sub(/^[0-9]+ /, ""); print }' > ../names
      rsync -a --no-implied-dirs --files-from=../names / .
      have=$(du -sm --apparent-size . | cut -f1)
      for n in $(seq $(((570 - have) / 10))); do head -c 10M /dev/urandom > usr/share/zz/more-$n; done
      """
    case .small:
      """
      perl -e '
        srand(11); open(my $r, "<", "/dev/urandom"); read($r, my $random, 1 << 22);
        for my $n (0 .. 61_999) {
          my $d = "usr/share/package-" . ($n % 311); mkdir $d;
          open(my $f, ">", "$d/" . ("entry-" x (1 + $n % 5)) . $n) or die;
          print $f substr($random, rand(4_000_000), rand(10) < 1 ? rand(60_000) : rand(12_000));
        }'
      """
    case .large:
      """
      for size in 90 70 60 50 50 40 40 30 30 20 20 10 10 5 5 1 1; do
        n=$((n + 1)); head -c ${size}M /dev/urandom > usr/share/zz/large-$n
      done
      """
    }
  }

  private static let odd = """
    cd usr/share/odd
    head -c 3M /dev/zero > zeros; head -c 6000 /dev/zero > short-zeros; truncate -s 5M hole; : > empty
    for n in $(seq 40); do
      { head -c $((n * 977)) /dev/urandom; head -c $((n * 4096)) /dev/zero; head -c $((n * 1777)) /dev/urandom; } > mixed-$n
      truncate -s $((n * 9000)) sparse-$n; echo end >> sparse-$n
      ln -s /usr/share/somewhere/$(printf 'long%.0s' $(seq $((n + 10)))) link-$n
    done
    cp -r . ../../../etc/odd
    """
}
