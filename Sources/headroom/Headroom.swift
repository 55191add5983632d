import Glibc
import HeadroomCommands

@main
enum Headroom {
  static func main() { exit(CommandLineMain.run()) }
}
