import HeadroomCommands

@main
enum Headroom {
  static func main() {}
}
