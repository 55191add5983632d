import FilesystemReader
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import SpaceAudit

@Suite struct LayoutTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// Shell commands in the filesystem's root.
    var script: String
    var layout: UpgradeLayout?
  }

  private static func layout(
    _ kind: UpgradeLayout.Kind, _ numbers: [Int] = [], active: Int? = nil, most: Int? = nil, snapshotter: String? = nil,
    filesystem: String? = nil, stateFile: Bool = false
  ) -> UpgradeLayout {
    var layout = UpgradeLayout(kind: kind)
    if !numbers.isEmpty {
      layout.snapshots = numbers.map { .init(number: $0, path: FilePath(".snapshots/\($0)/snapshot.img")) }
    }
    layout.activeSnapshot = active
    layout.maxSnapshots = most
    layout.snapshotter = snapshotter
    layout.activeFilesystem = filesystem
    layout.hasStateFile = stateFile
    return layout
  }

  static let rows: [Row] = [
    Row(
      testDescription: "elemental 1", script: "mkdir cOS grub2; echo x > cOS/active.img; echo x > cOS/passive.img",
      layout: layout(.images)),
    Row(
      testDescription: "elemental 1 with its state.yaml",
      script: """
        mkdir cOS; echo x > cOS/passive.img
        cat > state.yaml <<END
        date: "2024-05-01T10:00:00Z"
        recovery:
            label: COS_RECOVERY
            recovery:
                fs: squashfs
        state:
            label: COS_STATE
            active:
                source: dir:///run/rootfsbase
                label: COS_ACTIVE
                fs: ext2
            passive: null
        END
        """, layout: layout(.images, filesystem: "ext2", stateFile: true)),
    Row(
      testDescription: "elemental 2",
      script: """
        mkdir -p .snapshots/2 .snapshots/11 .snapshots/12/snapshot.workDir
        echo x > .snapshots/2/snapshot.img; echo x > .snapshots/11/snapshot.img; ln -s 11/snapshot.img .snapshots/active
        printf 'snapshotter:\\n  type: loopdevice\\n  max-snaps: 8\\n' > state.yaml
        """, layout: layout(.loopdevice, [2, 11], active: 11, most: 8, stateFile: true)),
    Row(
      testDescription: "elemental 2 without the link: state.yaml says which",
      script: """
        mkdir -p .snapshots/1 .snapshots/2; echo x > .snapshots/1/snapshot.img; echo x > .snapshots/2/snapshot.img
        printf 'state:\\n    snapshots:\\n        "1":\\n            active: true\\n        2:\\n            active: false\\n' > state.yaml
        """, layout: layout(.loopdevice, [1, 2], active: 1, stateFile: true)),
    Row(
      testDescription: "the first upgrade to elemental 2, half way",
      script: "mkdir -p cOS .snapshots/1; echo x > cOS/active.img; ln cOS/active.img .snapshots/1/snapshot.img",
      layout: layout(.legacy, [1])),
    Row(
      testDescription: "a snapshotter that does not fit what is there",
      script: """
        mkdir -p .snapshots/1; echo x > .snapshots/1/snapshot.img; printf 'snapshotter:\\n    type: btrfs\\n' > state.yaml
        """, layout: layout(.loopdevice, [1], snapshotter: "btrfs", stateFile: true)),
    Row(
      testDescription: "something else", script: "mkdir data; echo x > data/active.img; echo 'state: 1' > state.yaml"),
    Row(
      testDescription: "directories with the names of files",
      script: "mkdir -p cOS/active.img .snapshots/1/snapshot.img"),
    Row(
      testDescription: "a link that leads nowhere known",
      script: "mkdir -p .snapshots/1; echo x > .snapshots/1/snapshot.img; ln -s ../../etc .snapshots/active",
      layout: layout(.loopdevice, [1])),
    Row(testDescription: "nothing", script: "true"),
  ]

  @Test("a layout is recognised by its files, mounted or not", arguments: rows)
  func aLayoutIsRecognisedByItsFilesMountedOrNot(row: Row) throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    try Command.check("sh", "-e", "-c", row.script, directory: tree)
    let image = try scratch.sparseFile("state.img", bytes: 16 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", tree, image)
    let source = try FileSource(try ReadOnlyFile.open(FilePath(image), expecting: .regularFile))
    let offline = try ImageSearch(ExtTree(filesystem: try ExtFilesystem(source)), isCancelled: { false })
    #expect(offline.layout == row.layout)
    let directory = try ReadOnlyFile.open(FilePath(tree), expecting: .directory)
    let live = try ImageSearch(
      LiveTree(directory: directory, mountRoot: "/", allocationUnit: nil, mountpoints: []), isCancelled: { false })
    #expect(live.layout == row.layout)
  }

  @Test("the snapshot that boots is the active image, whichever number it has")
  func theSnapshotThatBootsIsTheActiveImage() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    try Command.check("sh", "-e", "-c", Self.rows[2].script, directory: tree)
    let directory = try ReadOnlyFile.open(FilePath(tree), expecting: .directory)
    let search = try ImageSearch(
      LiveTree(directory: directory, mountRoot: "/", allocationUnit: nil, mountpoints: []), isCancelled: { false })
    let roles = Dictionary(uniqueKeysWithValues: search.images.map { ($0.entry.path, $0.role) })
    #expect(roles == [".snapshots/2/snapshot.img": .snapshot, ".snapshots/11/snapshot.img": .active])
  }

  static let hostile: [String] = [
    "", "\n\n\n", ":", "::::", "    deep: x", "a", "- snapshotter:\n    type: x",
    "snapshotter: {type: btrfs, max-snaps: 3}",
    "# snapshotter:\n#   type: btrfs", "state:\n snapshots:\n  -1:\n   active: true",
    "snapshotter:\n    max-snaps: many",
    "snapshotter:\n    max-snaps: 0", "snapshotter:\n    max-snaps: -1", "snapshotter:\n    max-snaps: 10001",
    "snapshotter:\n    max-snaps: \(Int.max)",
    String(repeating: " ", count: 100_000) + "a: b", String(repeating: "a:\n", count: 200_000),
    (0..<5000).map { String(repeating: " ", count: $0) + "k:" }.joined(separator: "\n"),
    "state:\n snapshots:\n  1:\n   active: true\n  2:\n   active: true",
  ]

  @Test("a state.yaml in another form, or made to hurt, is not known", arguments: hostile)
  func aStateYamlInAnotherFormOrMadeToHurtIsNotKnown(text: String) {
    let state = StateFile(parsing: Array(text.utf8))
    #expect(state.snapshotter == nil && state.maxSnapshots == nil && state.activeSnapshot == nil)
    #expect(state.activeFilesystem == nil)
  }
}
