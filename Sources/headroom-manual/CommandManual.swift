import HeadroomCommands

/// headroom(8): all commands and options, from what the program's own help is made of.
struct CommandManual {
  let program: CommandHelp
  let commands: [CommandHelp]

  /// - Throws: Where the parser describes its commands in a form that is not known.
  init() throws {
    let all = try CommandHelp.all()
    program = all[0]
    commands = Array(all.dropFirst())
  }

  func render(date: String) -> String {
    var page = Mdoc(title: "HEADROOM", section: 8, date: date)
    page.section("Name")
    page.macro(".Nm headroom")
    page.macro(".Nd disk space of OS images on image\\-based Linux nodes")
    page.section("Synopsis")
    for command in commands {
      page.macro(".Nm headroom")
      page.macro(".Cm \(command.name)")
      page.macro(".Op Ar option ...")
      for operand in command.options where operand.names.isEmpty {
        page.macro(
          (operand.isOptional ? ".Op Ar " : ".Ar ") + Mdoc.argument(operand.value ?? "")
            + (operand.isRepeating ? " ..." : ""))
      }
    }
    page.section("Description")
    page.prose(program.discussion)
    page.paragraph("The commands are:")
    for command in commands { describe(command, in: &page) }
    describeSharedOptions(in: &page)
    reference(in: &page)
    page.section("Examples")
    page.literal(program.examples)
    page.section("See also")
    let others = ["fallocate 1", "headroom\\-report 5", "blkid 8", "e2fsck 8", "filefrag 8", "losetup 8", "lsblk 8"]
    for (index, other) in others.enumerated() { page.macro(".Xr \(other)" + (index < others.count - 1 ? " ," : "")) }
    return page.text
  }

  // MARK: Commands

  private func describe(_ command: CommandHelp, in page: inout Mdoc) {
    page.subsection("headroom \(command.name)")
    page.prose(command.abstract)
    page.literal(command.examples)
    if !command.discussion.isEmpty { page.paragraph(command.discussion) }
    let own = command.options.filter { users(of: $0).count == 1 }
    if !own.isEmpty { list(own, in: &page) }
  }

  /// Options that several commands have are described once, by the group they stand in.
  private func describeSharedOptions(in page: inout Mdoc) {
    var groups: [(users: [String], title: String, options: [CommandHelp.Option])] = []
    for option in commands.flatMap(\.options) {
      let users = users(of: option)
      if users.count == 1 || groups.contains(where: { $0.options.contains { isSame($0, option) } }) { continue }
      // What is one group in some commands is part of a larger one in others: the smaller one names it.
      let titles = commands.flatMap { $0.options.filter { isSame($0, option) }.compactMap(\.group) }
      let title = titles.min() ?? "Help"
      if let index = groups.firstIndex(where: { $0.users == users && $0.title == title }) {
        groups[index].options.append(option)
      } else {
        groups.append((users, title, [option]))
      }
    }
    for group in groups {
      page.subsection(group.title)
      page.prose(
        group.users.count == commands.count ? "Of all commands:" : "Of \(group.users.joined(separator: ", ")):")
      list(group.options, in: &page)
    }
  }

  private func users(of option: CommandHelp.Option) -> [String] {
    commands.filter { $0.options.contains { isSame($0, option) } }.map(\.name)
  }

  private func isSame(_ left: CommandHelp.Option, _ right: CommandHelp.Option) -> Bool {
    left.names == right.names && left.text == right.text && left.value == right.value
  }

  private func list(_ options: [CommandHelp.Option], in page: inout Mdoc) {
    page.list(
      width: "Ds",
      options.map { option in
        let names = option.names.map { "Fl \(Mdoc.argument(String($0.dropFirst())))" }.joined(separator: " , ")
        let value = option.value.map { "Ar \(Mdoc.argument($0))" }
        var meaning = option.text
        if !option.words.isEmpty { meaning += " One of \(option.words.joined(separator: ", "))." }
        if let standard = option.standard { meaning += " Default: \(standard)." }
        return ([names, value].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " "), meaning)
      })
  }

  // MARK: What holds for all

  private func reference(in page: inout Mdoc) {
    page.section("Environment")
    page.list(
      width: "Ds", Reference.environment.entries.map { ("Ev \(Mdoc.argument($0.word))", $0.meaning) })
    page.paragraph(Reference.precedence)
    page.section("Files")
    page.list(width: "Ds", Reference.files.entries.map { ("Pa \(Mdoc.argument($0.word))", $0.meaning) })
    page.section("Exit status")
    page.list(width: "128+N", Reference.exitCodes.entries.map { ("Li \(Mdoc.argument($0.word))", $0.meaning) })
    page.paragraph(Reference.adaptedExitCodes)
  }
}
