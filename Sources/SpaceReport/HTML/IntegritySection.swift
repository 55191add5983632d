import SpaceModel

/// Whether each image is whole, what was checked, and every file that is not.
struct IntegritySection {
  let report: Report

  var html: HTML {
    let checked = report.checkedImages
    guard !checked.isEmpty else {
      // Other commands look for it only where something makes them.
      guard report.tool.command == .verify else { return .none }
      return .section(
        "integrity", "Are the images whole?",
        [.p("No image was verified: none that holds an ext filesystem was found.")])
    }
    // Of many images the table says enough of those that are whole.
    let told =
      checked.count == 1
      ? checked : checked.filter { $0.integrity.state != .clean || $0.integrity.files?.isEmpty == false }
    return .section("integrity", "Are the images whole?", [overview(checked)] + told.map(image))
  }

  private func overview(_ checked: [CheckedImage]) -> HTML {
    guard checked.count > 1 else { return .none }
    var table = HTMLTable(
      "Every image that was looked into", name: "Integrity",
      [
        .text("Image"), .text("State"), .figure("Used inside"), .figure("Lost"), .figure("Files not whole"),
        .text("Checked by"), .text("In words"),
      ]
    )
    for entry in checked {
      table.add([
        .name(entry.target), .badge(entry.integrity.state.rawValue, entry.integrity.state.tone),
        HTMLSize.html(entry.integrity.usedBytes), HTMLSize.html(entry.integrity.lostBytes),
        entry.integrity.files.map { HTML(String($0.count)) } ?? .tag("span", ["class": "unknown"], ["unknown"]),
        HTML(entry.integrity.checked.joined(separator: ", ")), HTML(entry.integrity.reason),
      ])
    }
    return table.html
  }

  private func image(_ entry: CheckedImage) -> HTML {
    let integrity = entry.integrity
    var content: [HTML] = [
      .tag("h3", [:], [.name(entry.target), " ", .badge(integrity.state.rawValue, integrity.state.tone)]),
      .p(HTML(integrity.reason)),
    ]
    var notes: [String] = []
    if let used = integrity.usedBytes { notes.append("\(used) used inside") }
    if !integrity.checked.isEmpty { notes.append("checked: \(integrity.checked.joined(separator: ", "))") }
    if let dug = integrity.dugBytes, dug > .zero { notes.append("\(dug) in holes that digging explains") }
    if let inodes = integrity.unreachableInodes, inodes > 0 {
      notes.append("\(inodes) files that can no longer be named")
    }
    if !notes.isEmpty { content.append(.tag("p", ["class": "quiet"], [HTML(notes.joined(separator: "; ") + ".")])) }
    if let losses = integrity.metadataLost, !losses.isEmpty {
      var table = HTMLTable(
        "What the filesystem inside has lost of itself", name: "Metadata lost in \(entry.target)",
        [.text("What"), .figure("Lost")])
      for loss in losses { table.add([HTML(loss.kind.rawValue), HTMLSize.html(loss.lostBytes)]) }
      content.append(table.html)
    }
    content += groups(integrity, entry.target)
    return .tag("article", [:], content) + .lineEnd
  }

  /// The files by directory, each group behind its name and count.
  private func groups(_ integrity: Integrity, _ target: String) -> [HTML] {
    guard let files = integrity.files, !files.isEmpty else { return [] }
    let verb = integrity.state == .damaged ? "not whole" : "perhaps not whole"
    return [.p(HTML("\(FileGroups.count(files.count)) \(verb), by directory:"))]
      + FileGroups.groups(files).map { group in
        var table = HTMLTable(
          "Files below " + .name(group.directory), name: "Files below \(group.directory) in \(target)",
          [.text("File"), .text("What is wrong"), .figure("Size")])
        for file in group.files {
          let notes = VerifyText.notes(file, style: TextStyle()).joined(separator: ", ")
          table.add([.name(file.path.display), HTML(notes), HTMLSize.html(file.sizeBytes)])
        }
        return .details(.name(group.directory) + HTML(": \(FileGroups.count(group.files.count))"), table.html)
      }
  }
}
