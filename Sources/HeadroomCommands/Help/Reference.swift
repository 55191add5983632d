import SpaceModel
import SpaceReport

/// What holds for all commands, for the help and the manual.
package enum Reference {
  /// A word and what it means.
  package struct Entry: Sendable {
    package let word: String
    package let meaning: String

    init(_ word: String, _ meaning: String) {
      self.word = word
      self.meaning = meaning
    }
  }

  package struct Section: Sendable {
    package let title: String
    package let entries: [Entry]
  }

  package static let exitCodes = Section(
    title: "Exit codes",
    entries: [
      Entry(
        "0",
        "audit, map, partitions, reclaim, render: done, whatever was found. copy: the copy is whole and in its place. "
          + "check: nothing blocks. plan: it fits. verify: clean. fleet: all nodes are well."
      ),
      Entry(
        "1",
        "A warning: check with --fail-on warning; plan: it only just fits, or the node must not be upgraded as it is; "
          + "verify: suspect. fleet: the worst node's."),
      Entry("2", "Critical. plan: it does not fit. verify: damaged."),
      Entry(
        "3",
        "It cannot be said, or could not be finished: an error, or something that was named could not be measured."),
      Entry("64", "Wrong usage: an option, a setting or a value that means nothing."),
      Entry("128+N", "Ended by signal N; 130 is Ctrl-C."),
    ])

  package static let adaptedExitCodes =
    "Formats for other programs have the codes these expect: --format nagios 0 to 3 by the verdict, and 3 on any error; "
    + "--format npd 0, 1 for critical, 2 for unknown; --format harvester-validator always 0, unless a signal ends it."

  package static let environment = Section(
    title: "Environment",
    entries: [
      Entry("HEADROOM_SYSROOT", "As --sysroot."),
      Entry("HEADROOM_NODE_NAME", "As --node-name."),
      Entry("HEADROOM_CONFIG", "As --config: a file with a site's settings, or none."),
      Entry("HEADROOM_PROFILE", "As --profile."),
      Entry("HEADROOM_MARGIN", "As --margin."),
      Entry("HEADROOM_WARN_RECLAIMABLE", "As --warn-reclaimable."),
      Entry("HEADROOM_REQUIRE_PAYLOAD", "As --require-payload: true or false."),
      Entry("HEADROOM_FAIL_ON", "As --fail-on: critical or warning."),
      Entry("HEADROOM_ON_UNKNOWN", "As --on-unknown: block or pass."),
      Entry("HEADROOM_IGNORE", "As --ignore: ids of findings, with commas or spaces between them."),
      Entry("HEADROOM_TIMEOUT", "As --timeout."),
      Entry("HEADROOM_TEXTFILE", "As --textfile."),
      Entry("SOURCE_DATE_EPOCH", "Seconds since 1970: the time that reports are stamped with."),
      Entry("NO_COLOR", "Where it is set and not empty: no colours."),
      Entry("COLUMNS", "The width of tables and pictures where the output is no terminal; 80 without it."),
    ])

  package static let precedence =
    "An option on the command line counts before the environment, and that before the configuration file."

  package static let files = Section(
    title: "Files",
    entries: [
      Entry(
        "/etc/headroom/config.json",
        "A site's settings: a JSON object with any of the keys profile, margin, warn_reclaimable, require_payload, "
          + "fail_on, on_unknown, ignore, timeout and textfile. The values are text as on the command line; "
          + "require_payload is true or false, ignore an array. A key that does not exist is wrong usage.")
    ])

  /// The sections as text, within `width` columns.
  static func text(width: Int) -> String {
    let notes = [exitCodes.title: adaptedExitCodes, environment.title: precedence]
    return [exitCodes, environment, files].map { section in
      var lines = ["\(section.title.uppercased()):"]
      for entry in section.entries {
        // As wide as the column of options in the rest of the help.
        let start = "  \(entry.word)"
        let isLong = start.count > 23
        if isLong { lines.append(start) }
        let padded = isLong ? "" : start
        let first = padded + String(repeating: " ", count: 26 - padded.count)
        let wrapped = TextWrap.wrap(entry.meaning, width: width - 26, indent: 0)
        for (index, line) in wrapped.enumerated() {
          lines.append((index == 0 ? first : String(repeating: " ", count: 26)) + line)
        }
      }
      if let note = notes[section.title] { lines += TextWrap.wrap("  " + note, width: width, indent: 2) }
      return lines.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }
}
