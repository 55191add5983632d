import Foundation
import LinuxStorage
import SpaceModel
import TestSupport
import Testing

@testable import FilesystemReader

/// What is given as a payload: taken by its content, or refused with what to do instead.
@Suite(.needsTool("mksquashfs", "mkfs.ext4", "xorriso", "tar", "sfdisk")) struct IncomingPayloadTests {
  private func refusal(_ path: String) throws -> StorageError {
    let error = #expect(throws: StorageError.self, "\(path)") { try IncomingPayload.open(FilePath(path)) }
    return try #require(error)
  }

  @Test("each form is known by its content, whatever its name is") func eachFormIsKnownByItsContent() throws {
    let scratch = try ScratchDirectory()
    let tree = try scratch.directory("tree")
    _ = try scratch.directory("tree/etc")
    _ = try scratch.directory("iso")
    let image = try scratch.sparseFile("ext.squashfs", bytes: 8 << 20)
    try Command.check("mkfs.ext4", "-q", "-F", "-d", tree, image)
    let packed = try squashfs(tree, in: scratch, name: "iso/squashfs.json")
    try Command.check("xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", scratch.file("iso.tar"), scratch.file("iso"))
    try scratch.write("\n { \"schema_version\": \"1.0\" }\n", to: "card.img")
    func form(_ path: String) throws -> String {
      switch try IncomingPayload.open(FilePath(path)) {
      case .directory: "directory"
      case .squashfs: "squashfs"
      case .iso: "iso"
      case .filesystemImage: "ext"
      case .card: "card"
      }
    }
    #expect(try form(tree) == "directory")
    #expect(try form(image) == "ext")
    #expect(try form(packed) == "squashfs")
    #expect(try form(scratch.file("iso.tar")) == "iso")
    #expect(try form(scratch.file("card.img")) == "card")
  }

  @Test(
    "references to container images are refused with the way to unpack them",
    arguments: [
      "oci:registry.example/harvester/os:v1.8.0", "docker://rancher/harvester-os:v1.8.0", "docker:rancher/os",
      "registry.example:5000/harvester/os@sha256:0123abcd", "quay.io/kairos/opensuse:leap-15.6", "harvester-os:v1.8.0",
    ])
  func referencesToContainerImagesAreRefused(_ name: String) throws {
    let error = try refusal(name)
    #expect(error.code == .unsupported)
    #expect(error.hint?.contains("podman create") == true)
    #expect(error.hint?.contains("'oci:") == false && error.hint?.contains("docker://") == false)
  }

  @Test(
    "a path that is not there is not taken for an image", arguments: ["/nothing/here:latest", "./a:b", "nothing.iso"])
  func aPathThatIsNotThereIsNotTakenForAnImage(_ path: String) throws {
    #expect(try refusal(path).code == .notFound)
  }

  @Test("archives are refused with the command that unpacks them") func archivesAreRefused() throws {
    let scratch = try ScratchDirectory()
    _ = try scratch.directory("tree/etc")
    for (option, word) in [("", "tar archive"), ("-z", "gzip"), ("-J", "xz"), ("--zstd", "zstd")] {
      let archive = scratch.file("rootfs.squashfs")
      try Command.check(
        "tar", arguments: ["-c"] + (option.isEmpty ? [] : [option]) + ["-f", archive, "-C", scratch.file("tree"), "."])
      let error = try refusal(archive)
      #expect(error.message.contains(word))
      #expect(error.hint?.contains("tar -x") == true)
    }
  }

  @Test("directories that are no root are told apart") func directoriesThatAreNoRootAreToldApart() throws {
    let scratch = try ScratchDirectory()
    let empty = try scratch.directory("empty")
    #expect(try refusal(empty).message == "it is an empty directory")
    _ = try scratch.directory("layout/blobs")
    try scratch.write("{}", to: "layout/oci-layout")
    try scratch.write("{}", to: "layout/index.json")
    #expect(try refusal(scratch.file("layout")).hint?.contains("umoci unpack") == true)
    _ = try scratch.directory("bundle/rootfs")
    #expect(try refusal(scratch.file("bundle")).hint == "Give its rootfs directory.")
    _ = try scratch.directory("other/boot")
    #expect(try refusal(scratch.file("other")).message.contains("neither etc nor usr"))
  }

  @Test("disks, other filesystems and other files are named") func disksAndOtherFilesAreNamed() throws {
    let scratch = try ScratchDirectory()
    let disk = try scratch.sparseFile("disk", bytes: 16 << 20)
    try Command.check("sfdisk", "-q", disk, input: Array("label: gpt\nsize=8M\n".utf8))
    #expect(try refusal(disk).message == "it is a disk with partitions")
    try scratch.write([0x51, 0x46, 0x49, 0xFB, 0, 0, 0, 3] + [UInt8](repeating: 0, count: 600), to: "vm")
    #expect(try refusal(scratch.file("vm")).message.contains("qcow2"))
    try scratch.write("", to: "empty")
    #expect(try refusal(scratch.file("empty")).message == "it is empty")
    try scratch.write("v1.8.0\n", to: "text")
    #expect(try refusal(scratch.file("text")).message == "it is a text file, no payload card")
    try scratch.write([UInt8](repeating: 0, count: 4096), to: "zeros")
    #expect(try refusal(scratch.file("zeros")).code == .wrongType)
    #expect(try refusal("/dev/null").code == .wrongType)
  }

  @Test(
    "the machine is told by a program's header",
    arguments: [
      (62, 2, 1, "x86_64"), (183, 2, 1, "aarch64"), (22, 2, 2, "s390x"), (21, 2, 1, "ppc64le"), (21, 2, 2, "ppc64"),
      (243, 2, 1, "riscv64"), (40, 1, 1, "armv7l"), (3, 1, 1, "i686"), (62, 1, 1, nil), (9999, 2, 1, nil),
    ] as [(Int, UInt8, UInt8, String?)])
  func theMachineIsToldByAProgramsHeader(_ machine: Int, _ size: UInt8, _ order: UInt8, _ expected: String?) {
    var header: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, size, order] + [UInt8](repeating: 0, count: 14)
    header[order == 1 ? 18 : 19] = UInt8(machine & 0xFF)
    header[order == 1 ? 19 : 18] = UInt8(machine >> 8)
    #expect(ELFHeader.architecture(header) == expected)
    #expect(ELFHeader.architecture(Array(header.dropLast())) == nil)
  }
}
