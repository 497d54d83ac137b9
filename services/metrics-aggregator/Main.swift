import ServiceRuntime
@main struct Main { static func main() {} }
