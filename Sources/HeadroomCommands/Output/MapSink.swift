import ExtentAnalyzer
import LinuxStorage
import SpaceAudit
import SpaceModel
import SpaceReport

/// Measures images one by one and writes each as it is measured; extents go out as they are found.
final class MapSink {
  private let options: OutputOptions
  private let inputs: [FilePath]
  private let format: MapFormatOptions.Format
  private var isJSON: Bool { format == .json }
  private let isArray: Bool
  private let summary: Bool
  /// Asked once: it takes calls to the terminal.
  private let style: TextStyle
  private var writer: JSONWriter
  private var table = TextTable([.left] + Array(repeating: .right, count: 8))
  private var rows = 0
  /// Collected only where the result goes to a file.
  private var held: [UInt8] = []
  private var any = false
  private var measured = 0
  /// Writing failed; nothing more is written, and ``finish()`` says so.
  private var failure: StorageError?

  /// - Parameter inputs: What is mapped; none of it is written over.
  init(_ options: OutputOptions, format: MapFormatOptions.Format, inputs: [FilePath], isArray: Bool, summary: Bool) {
    self.inputs = inputs
    self.options = options
    style = options.style
    self.format = format
    self.isArray = isArray
    self.summary = summary
    // A line an extent would cost more than the extents.
    writer = JSONWriter(indented: summary)
    if format == .json, isArray { writer.beginArray() }
    if !options.noheadings {
      table.add(["IMAGE", "APPARENT", "ALLOCATED", "DATA", "ZERO", "UNWRITTEN", "HOLE", "EXTENTS", "RECLAIMABLE"])
    }
  }

  /// - Returns: Whether all of it could be read.
  func add(_ target: MapTarget, readsData: Bool, progress: Progress) throws(StorageError) -> Bool {
    let monitor = progress.monitor
    monitor.onStage(target.path.display)
    var analyzer = ImageAnalyzer()
    analyzer.readsData = readsData
    analyzer.onRead = monitor.onRead
    if readsData { monitor.onPlan(try target.source.status().allocated) }
    // Cells are for a picture only.
    analyzer.cellLimit = format == .text && !summary ? MapPicture.cellLimit(width: style.width) : 0
    let result: MapResult
    switch format {
    case .text:
      result = try measure(target, analyzer)
      if case .measured(let measurement) = result, !summary {
        draw(result.usage(target.path), measurement, progress)
      } else {
        add(result.usage(target.path))
      }
    case .json: result = try json(target, analyzer)
    case .qemuMap: result = .counted(try qemuMap(target, analyzer))
    }
    measured += 1
    if let error = result.readError {
      progress.finish()
      Output.error(error)
      return false
    }
    if result.changedWhileReading {
      progress.finish()
      Output.note("'\(target.path.display)' changed while it was measured; its figures may be of no single moment")
    }
    return true
  }

  /// Where sums are all that is asked for, the extents are not kept.
  private func measure(_ target: MapTarget, _ analyzer: ImageAnalyzer) throws(StorageError) -> MapResult {
    if summary, !analyzer.readsData { return .counted(try analyzer.figures(of: target.source)) }
    return .measured(try analyzer.measure(target.source))
  }

  func finish() throws {
    if isJSON {
      if isArray { writer.endArray() }
      if any || isArray { writer.newline() }
      flush(force: true)
    } else if format == .text, summary, rows > 0 {
      write(RawArgument.bytes(of: table.lines().joined(separator: "\n") + "\n"))
    }
    // Without any result the file stays as it was.
    if options.outputFile != nil, measured > 0 { try options.emit(held, inputs: inputs) }
    if let failure { throw failure }
  }

  // MARK: JSON

  private func json(_ target: MapTarget, _ analyzer: ImageAnalyzer) throws(StorageError) -> MapResult {
    let status = try target.source.status()
    any = true
    writer.beginObject()
    write(path: target.path)
    // What the map is cut at: a file may have another size by now.
    write("apparent_bytes", target.source.size)
    write("allocated_bytes", status.allocated)
    let result: MapResult
    if summary {
      result = try closing { () throws(StorageError) in try measure(target, analyzer) }
    } else {
      writer.key("extents")
      writer.beginArray()
      result = try closing { () throws(StorageError) in
        defer { writer.endArray() }
        if !analyzer.readsData { return .counted(try analyzer.figures(of: target.source) { self.write($0) }) }
        return .measured(try analyzer.measure(target.source) { self.write($0) })
      }
    }
    write(result.usage(target.path))
    if result.changedWhileReading {
      writer.key("changed_while_reading")
      writer.value(true)
    }
    writer.endObject()
    flush(force: false)
    return result
  }

  /// A measurement that fails still leaves a document that is whole.
  private func closing(_ body: () throws(StorageError) -> MapResult) throws(StorageError) -> MapResult {
    do throws(StorageError) { return try body() } catch {
      writer.endObject()
      throw error
    }
  }

  private func write(_ segment: MapSegment) {
    writer.value(
      JSONWriter.MapElement(
        range: segment.range, kind: segment.kind.word, physical: segment.physical,
        isShared: segment.kind == .hole ? nil : segment.isShared))
    flush(force: false)
  }

  private func write(path: FilePath) {
    writer.key("path")
    if let text = path.utf8 {
      writer.value(text)
      return
    }
    writer.value(String(path.coded.dropFirst(FilePath.percentPrefix.count)))
    writer.key("path_encoding")
    writer.value("percent")
  }

  private func write(_ key: String, _ bytes: UInt64) {
    writer.key(key)
    writer.value(bytes)
    if bytes > 1 << 53 - 1 {
      writer.key(key + "_s")
      writer.value(String(bytes))
    }
  }

  private func write(_ usage: ImageUsage) {
    let figures: [(String, ByteCount?)] = [
      ("data_bytes", usage.dataBytes), ("hole_bytes", usage.holeBytes), ("unwritten_bytes", usage.unwrittenBytes),
      ("past_eof_bytes", usage.pastEofBytes), ("metadata_bytes", usage.metadataBytes),
      ("shared_bytes", usage.sharedBytes), ("zero_bytes", usage.zeroBytes),
      ("reclaimable_bytes", usage.reclaimableBytes),
    ]
    for (key, value) in figures { if let value { write(key, UInt64(max(0, value.bytes))) } }
    if let reasons = usage.reclaimableReasons {
      writer.key("reclaimable_reasons")
      writer.beginArray()
      for reason in reasons { writer.value(reason.rawValue) }
      writer.endArray()
    }
    if let count = usage.extentCount {
      writer.key("extent_count")
      writer.value(count)
    }
    if let count = usage.fragmentCount {
      writer.key("fragment_count")
      writer.value(count)
    }
    writer.key("map_source")
    writer.value(usage.mapSource.rawValue)
  }

  private func qemuMap(_ target: MapTarget, _ analyzer: ImageAnalyzer) throws(StorageError) -> MapFigures {
    var map = QemuMap(size: target.source.size)
    do throws(StorageError) {
      let figures = try analyzer.figures(of: target.source) { segment in
        map.add(segment.range, isData: segment.kind == .data || segment.kind == .zero)
        if map.isLong { self.write(map.take()) }
      }
      map.finish()
      write(map.take())
      return figures
    } catch {
      map.finishEarly()
      write(map.take())
      throw error
    }
  }

  // MARK: Text

  private func draw(_ usage: ImageUsage, _ measurement: ImageMeasurement, _ progress: Progress) {
    progress.finish()
    let picture = MapPicture(
      usage, cells: measurement.cells.cells, cellBytes: ByteCount(clamping: measurement.cells.cellBytes),
      unreadable: ByteCount(clamping: measurement.unreadableBytes), style: style)
    write(RawArgument.bytes(of: (any ? "\n" : "") + picture.render()))
    any = true
  }

  private func add(_ usage: ImageUsage) {
    rows += 1
    table.add([
      usage.path.display, style.size(usage.apparentBytes), style.size(usage.allocatedBytes),
      style.size(usage.dataBytes), style.zeros(usage), style.size(usage.unwrittenBytes), style.size(usage.holeBytes),
      usage.extentCount.map { String($0) } ?? "-", style.reclaimable(usage),
    ])
  }

  private func flush(force: Bool) {
    guard force || writer.bytes.count >= 64 << 10 else { return }
    write(writer.bytes)
    writer.removeAll()
  }

  private func write(_ bytes: [UInt8]) {
    if options.outputFile != nil {
      held += bytes
    } else if failure == nil {
      do throws(StorageError) { try Output.write(bytes) } catch { failure = error }
    }
  }
}
