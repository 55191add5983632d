import SpaceModel

/// How to reach the files of a partition that commands are for, and what has to stand around them.
struct RemedyPlace {
  /// Something to be done there.
  enum Step {
    /// Holes are dug into these images; paths are below the filesystem's root. A remark stands before it.
    case dig([FilePath], remark: String?)
    /// Commands that change files, made with where the filesystem's root is.
    case change((_ root: FilePath) -> [String])
  }

  let partition: Partition
  /// The node's root as the audit was told to find it; `nil`: it is this machine's.
  let sysroot: FilePath?

  /// - Parameters:
  ///   - steps: In this order.
  ///   - plain: The same in words, where nothing says how to reach the partition.
  func commands(_ steps: [Step], doing plain: String) -> String {
    let lines: [String]
    // COS_STATE is mounted read-only while it is not being upgraded.
    let isReadOnly = !(partition.state == .mounted && partition.isMountedReadOnly == false)
    if let mountpoint = partition.wholeMountpoint ?? usualMountpoint {
      lines = steps.flatMap { self.commands($0, below: mountpoint, isReadOnly: isReadOnly) }
    } else {
      let device: String
      if partition.device.hasPrefix("/dev/") {
        device = ShellQuote.quoted(partition.device)
      } else if let label = partition.filesystemLabel {
        device = "-L " + ShellQuote.quoted(FilePath(label))
      } else {
        return "On the node, run \(plain)."
      }
      // COS_RECOVERY is not mounted on a running node; what is mounted in part, and read-only, is so at /mnt, too. Where
      // the mount fails, something else may lie at /mnt: that stays.
      let inner = steps.flatMap {
        self.commands($0, below: "/mnt", isReadOnly: partition.state == .mounted && isReadOnly)
      }
      lines = ["mount \(device) /mnt && {"] + inner.map { "  \($0)" } + ["  umount /mnt", "}"]
    }
    let commands = lines.joined(separator: "\n")
    // A disk image lies on somebody's desk; a comment can be pasted along.
    return isElsewhere
      ? "# on the node that \(partition.device.lastComponent.display) comes from:\n" + commands : commands
  }

  /// A disk image, whose node is another machine.
  var isElsewhere: Bool { partition.state == .offline && !partition.device.hasPrefix("/dev/") }

  /// Where a node has it while it runs; elemental-toolkit's immutable-rootfs module mounts it there.
  private var usualMountpoint: FilePath? {
    // An unmounted device of this machine is just that.
    partition.filesystemLabel == "COS_STATE" && isElsewhere ? "/run/initramfs/cos-state" : nil
  }

  private func commands(_ step: Step, below root: FilePath, isReadOnly: Bool) -> [String] {
    let place = ShellQuote.quoted(root)
    switch step {
    case .change(let commands):
      let inner = commands(root)
      return isReadOnly ? ["mount -o remount,rw \(place)"] + inner + ["mount -o remount,ro \(place)"] : inner
    case .dig(let images, let remark):
      let paths = images.map { ShellQuote.quoted(root.appending($0)) }
      let options =
        (isElsewhere ? nil : sysroot).map { ["--sysroot", ShellQuote.quoted($0)] } ?? []
      // The mount is put back by whoever changes it, also after a failure or a signal.
      let reclaim = ["headroom", "reclaim"] + options + ["--apply"] + (isReadOnly ? ["--remount"] : []) + ["--verify"]
      let dig = paths.map { "fallocate --dig-holes \($0)" }.joined(separator: " && ")
      let plain = isReadOnly ? "mount -o remount,rw \(place) && \(dig); mount -o remount,ro \(place)" : dig
      return (remark.map { ["# \($0)"] } ?? []) + [
        (reclaim + paths).joined(separator: " "),
        options.isEmpty ? "# without headroom: \(plain)" : "# without headroom, on the node: \(plain)",
      ]
    }
  }
}
