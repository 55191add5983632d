import SpaceModel

/// Each projection of the report: its picture, its arithmetic and its tables.
struct ProjectionSection {
  let report: Report

  var html: HTML {
    guard !report.projections.isEmpty else { return .none }
    return .section("upgrade", "If it is upgraded now", report.projections.indices.map(projection))
  }

  private func projection(_ index: Int) -> HTML {
    let projection = report.projections[index]
    let chart = ProjectionChart(projection: projection, id: "upgrade-\(index + 1)")
    let table = ProjectionTable(projection: projection, style: TextStyle())
    var content: [HTML] = [
      .tag(
        "h3", [:],
        [
          "On ", .name(projection.filesystemLabel), HTML(": \(projection.upgrade) "),
          .badge(projection.outcome.words, projection.outcome.tone),
          projection.isOptional == true ? " " + .badge("done on request only") : .none,
        ]),
      .p(HTML(projection.reason)),
    ]
    if let steps = chart.steps {
      let picture = HTML.tag(
        "figure", [:], [.tag("figcaption", [:], ["What is used after each step"]), steps, chart.legend])
      let beside = chart.whatIfs.map { picture in
        HTML.tag("figure", [:], [.tag("figcaption", [:], ["Left at the peak if something is done first"]), picture])
      }
      content.append(.tag("div", ["class": beside == nil ? nil : "beside"], [picture, beside ?? .none]))
      content.append(.details("The steps as a table", stepTable(projection, table)))
    }
    if !projection.whatIfs.isEmpty { content.append(whatIfTable(projection)) }
    if let remedy = projection.remedy, remedy.count > 1 {
      let names = remedy.map(ProjectionTable.words).joined(separator: ", ")
      content.append(.p(HTML("Together these make it fit: \(names).")))
    }
    if let arithmetic = arithmetic(projection) { content.append(arithmetic) }
    if let basis = table.basis {
      content.append(.p(HTML((projection.basis?.kind == .rule ? "By " : "New system: ") + basis)))
    }
    if let byHand = ProjectionText.byHand(projection) { content.append(.p(HTML(byHand))) }
    content.append(
      .tag(
        "p", ["class": "quiet"],
        [
          HTML("Model \(projection.model); profile \(projection.profile), \(projection.profileSource).")
        ]))
    return .tag("article", [:], content) + .lineEnd
  }

  private func stepTable(_ projection: Projection, _ words: ProjectionTable) -> HTML {
    var table = HTMLTable(
      "Steps on \(projection.filesystemLabel), in order", name: "Steps on \(projection.filesystemLabel)",
      [.text("Step"), .figure("Change"), .figure("Used after it"), .figure("Left for root"), .text("From")])
    for (number, step) in projection.stepsFromNow.enumerated() {
      let isPeak = number > 0 && step.name == projection.peakStep
      table.add(
        [
          HTML(step.name) + (isPeak ? " (the peak)" : ""),
          number == 0 ? "" : HTML(ProjectionTable.words(change: step.changeBytes)), HTMLSize.html(step.usedBytes),
          HTML(step.freeBytes < .zero ? HTMLSize.balance(step.freeBytes) : step.freeBytes.description),
          HTML(step.source ?? ""),
        ], tone: isPeak ? .strong : nil)
    }
    return table.html
  }

  private func whatIfTable(_ projection: Projection) -> HTML {
    var table = HTMLTable(
      "If something is done first", name: "What-ifs on \(projection.filesystemLabel)",
      [.text("What if"), .figure("Frees"), .figure("Then"), .text("Outcome"), .text("Mind")])
    for whatIf in projection.whatIfs {
      table.add([
        HTML(ProjectionTable.words(whatIf.id)), HTMLSize.html(whatIf.freesBytes),
        HTML(HTMLSize.balance(whatIf.headroomBytes)), HTML(whatIf.outcome.words), HTML(whatIf.risk ?? ""),
      ])
    }
    return table.html
  }

  /// The sum the answer comes from; `nil` where it is no sum, or not known.
  private func arithmetic(_ projection: Projection) -> HTML? {
    guard projection.cause != .rule, let need = projection.needBytes, let usable = projection.usableBytes,
      let headroom = projection.headroomBytes
    else { return nil }
    var table = HTMLTable(
      "The arithmetic", name: "Arithmetic on \(projection.filesystemLabel)", [.text("What"), .figure("Size")])
    table.add(["Usable for root now", HTMLSize.html(usable)])
    if let credit = projection.creditBytes { table.add(["+ given back first by the upgrade", HTMLSize.html(credit)]) }
    if let copies = ProjectionText.copies(projection) {
      table.add(["− the unpacked tree", HTMLSize.html(copies.tree)])
      table.add(["− the image made of it, while the tree stands", HTMLSize.html(copies.image)])
    } else {
      table.add(["− needed at the peak", HTMLSize.html(need)])
    }
    table.add(
      [headroom < .zero ? "= short" : "= to spare", HTMLSize.html(headroom < .zero ? .zero - headroom : headroom)],
      tone: headroom < .zero ? .bad : .strong)
    if let least = projection.leastNeedBytes, least != need {
      table.add([
        HTML("At the lower end of the estimate, where it needs \(least)"),
        HTML(HTMLSize.balance(projection.mostHeadroomBytes)),
      ])
    }
    if let margin = projection.marginBytes {
      table.add(["Less than this to spare counts as tight", HTMLSize.html(margin)])
    }
    return table.html
  }
}
