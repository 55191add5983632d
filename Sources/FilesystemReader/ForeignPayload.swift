import SpaceModel

/// What people give as a payload and cannot be read in place: what it is, and how to get the tree out of it.
enum ForeignPayload {
  private static let accepted = "Give a root directory, a squashfs, an ISO that holds one, or an ext image."

  // MARK: Container images

  /// `oci:…`, `docker://…`, or `registry/name:tag` where no such file is there; `nil` for any other path.
  static func reference(_ path: FilePath) -> StorageError? {
    guard let text = path.utf8 else { return nil }
    let schemes = ["oci:", "docker:", "oci-archive:", "docker-archive:", "docker-daemon:", "containers-storage:"]
    if let scheme = schemes.first(where: text.hasPrefix) {
      var image = text.dropFirst(scheme.count)
      while image.first == "/" { image = image.dropFirst() }
      return containerImage(path, name: String(image))
    }
    return isImageName(text) ? containerImage(path, name: text) : nil
  }

  /// As container tools read one: lower-case path components, then `:tag` or `@digest`.
  private static func isImageName(_ text: String) -> Bool {
    guard !text.hasPrefix("/"), !text.hasPrefix(".") else { return false }
    let name = text.prefix { $0 != "@" }
    let lastSlash = name.lastIndex(of: "/") ?? name.startIndex
    let hasTag = name[lastSlash...].contains(":") || text.contains("@sha256:")
    let host = name.split(separator: "/").first.map(String.init) ?? ""
    let hasRegistry = name.contains("/") && (host.contains(".") || host.contains(":"))
    let characters = text.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
          || "./:@_-".unicodeScalars.contains(scalar))
    }
    return characters && (hasTag || hasRegistry)
  }

  private static func containerImage(_ path: FilePath, name: String) -> StorageError {
    let image = FilePath(name).display
    return StorageError(
      .unsupported, operation: IncomingPayload.operation, path: path,
      message: "it names a container image, and nothing is downloaded here",
      hint: "Unpack it and give the directory: c=$(podman create '\(image)') && mkdir rootfs && "
        + "podman export \"$c\" | tar -x -C rootfs")
  }

  // MARK: Directories

  /// `nil` for a directory that looks like a system's root.
  static func directory(_ names: Set<FilePath>, _ path: FilePath) -> StorageError? {
    func failure(_ message: String, _ hint: String) -> StorageError {
      StorageError(.wrongType, operation: IncomingPayload.operation, path: path, message: message, hint: hint)
    }
    if names.contains("oci-layout"), names.contains("index.json") {
      return failure(
        "it is a container image (OCI layout), not its tree",
        "Unpack it: umoci unpack --image '\(path.display)':TAG bundle, and give bundle/rootfs.")
    }
    if IncomingPayload.isRoot(names) { return nil }
    if names.isEmpty { return failure("it is an empty directory", accepted) }
    if names.contains("rootfs") {
      return failure("it is no system's root: it has neither etc nor usr", "Give its rootfs directory.")
    }
    return failure("it is no system's root: it has neither etc nor usr", accepted)
  }

  /// The same for the root of a squashfs or ext filesystem.
  static func tree(_ names: Set<FilePath>, _ path: FilePath) -> StorageError? {
    guard !IncomingPayload.isRoot(names) else { return nil }
    // dracut's live images: an ext filesystem in LiveOS/rootfs.img within the squashfs.
    let isLive = names.contains("LiveOS")
    return StorageError(
      isLive ? .unsupported : .wrongType, operation: IncomingPayload.operation, path: path,
      message: isLive
        ? "its squashfs holds a filesystem image (LiveOS), not the tree"
        : "it holds no system's root: it has neither etc nor usr",
      hint: isLive
        ? "Unpack the squashfs with unsquashfs and give squashfs-root/LiveOS/rootfs.img." : accepted)
  }

  // MARK: Files

  /// A filesystem or disk that is none of the forms, by libblkid's name.
  static func filesystem(_ type: String, _ path: FilePath) -> StorageError {
    let name = path.display
    let (message, hint) =
      switch type {
      case "gpt", "dos":
        ("it is a disk with partitions", "Give the image of its root filesystem, or the ISO it was installed from.")
      case "qcow2", "vmdk":
        (
          "it is a disk of a virtual machine (\(type))",
          "Convert it with qemu-img convert -O raw and give the image of its root filesystem."
        )
      case "crypto_LUKS": ("it is encrypted (LUKS)", "Open it with cryptsetup, mount it and give the directory.")
      default: ("it holds a filesystem of the type \(type)", "Mount it: mount -o ro,loop '\(name)' DIR, and give DIR.")
      }
    return StorageError(
      .unsupported, operation: IncomingPayload.operation, path: path, message: message, hint: hint)
  }

  private struct Archive {
    var name: String
    var offset = 0
    var magic: [UInt8]
    var command: String
  }

  private static let archives: [Archive] = [
    Archive(name: "a tar archive", offset: 257, magic: Array("ustar".utf8), command: "tar -x -C DIR -f"),
    Archive(name: "compressed with gzip", magic: [0x1F, 0x8B], command: "tar -x -z -C DIR -f"),
    Archive(name: "compressed with zstd", magic: [0x28, 0xB5, 0x2F, 0xFD], command: "tar -x --zstd -C DIR -f"),
    Archive(name: "compressed with xz", magic: [0xFD] + Array("7zXZ".utf8), command: "tar -x -J -C DIR -f"),
    Archive(name: "compressed with bzip2", magic: Array("BZh".utf8), command: "tar -x -j -C DIR -f"),
    Archive(name: "compressed with lz4", magic: [0x04, 0x22, 0x4D, 0x18], command: "lz4 -d"),
    Archive(name: "a zip archive", magic: [0x50, 0x4B, 3, 4], command: "unzip -d DIR"),
    Archive(name: "a cpio archive", magic: Array("0707".utf8), command: "cpio -idm -D DIR <"),
  ]

  /// Any other file.
  static func file(_ head: [UInt8], _ path: FilePath) -> StorageError {
    for archive in archives
    where head.count >= archive.offset + archive.magic.count
      && head[archive.offset..<archive.offset + archive.magic.count].elementsEqual(archive.magic)
    {
      return StorageError(
        .unsupported, operation: IncomingPayload.operation, path: path, message: "it is \(archive.name)",
        hint: "Unpack it and give what comes out: \(archive.command) '\(path.display)'. "
          + "A saved container image has to be loaded (podman load) and exported.")
    }
    return StorageError(
      .wrongType, operation: IncomingPayload.operation, path: path,
      message: head.contains(0) ? "it is no filesystem, ISO or payload card" : "it is a text file, no payload card",
      hint: accepted)
  }
}
