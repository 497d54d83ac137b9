import SystemPackage
import Testing

@testable import FleetConsole

@Suite("What a cluster starts")
struct ClusterPlanTests {
    private func options(_ change: (inout ClusterPlan.Options) -> Void = { _ in }) -> ClusterPlan.Options {
        var options = ClusterPlan.Options(tasks: "/tasks")
        change(&options)
        return options
    }

    @Test("The registry starts first, one edge a site follows, the simulator comes last")
    func order() throws {
        let plan = try ClusterPlan(options: options { $0.sites = ["a", "b", "c"] }, state: "/state")
        #expect(
            plan.services.map(\.instance) == [
                "registry", "aggregator", "distiller", "gw-a", "gw-b", "gw-c", "simulator",
            ])
        #expect(Set(plan.services.map(\.instance)).count == plan.services.count)
    }

    @Test("A cluster for one's own sensors has no simulator")
    func noSimulator() throws {
        let plan = try ClusterPlan(options: options { $0.simulates = false }, state: "/state")
        #expect(plan.services.map(\.executable).contains("sensor-simulator") == false)
        #expect(plan.services.count == 5)
    }

    @Test("Edges get the root that the registry writes, and never from the bus")
    func rootOfTrust() throws {
        let plan = try ClusterPlan(options: options(), state: "/state")
        let registry = try #require(plan.services.first { $0.executable == "model-registry" })
        let written = try #require(registry.environment["RETORT_REGISTRY_ROOT_FILE"])
        for edge in plan.services where edge.executable == "edge-inferencer" {
            #expect(edge.environment["RETORT_EDGE_ROOT_FILE"] == written)
        }
    }

    @Test("A setting goes to its executable alone, after the configuration file")
    func settings() throws {
        let plan = try ClusterPlan(
            options: options {
                $0.settings = ["edge-inferencer:edge.profile=rpi5"]
                $0.configurations = "/services"
            }, state: "/state")
        for service in plan.services {
            let expected =
                service.executable == "edge-inferencer" ? ["--set", "edge.profile=rpi5"] : []
            #expect(
                service.arguments == ["--config", "/services/\(service.executable)/default.json"] + expected)
        }
    }

    @Test(
        "An option that makes no sense is named",
        arguments: [
            ("--root", { @Sendable (o: inout ClusterPlan.Options) in o.root = "a/+/b" }),
            ("--sites", { o in o.sites = [] }),
            ("--sites", { o in o.sites = ["North Pole"] }),
            ("--speed", { o in o.speed = 0 }),
            ("--people", { o in o.people = 1 }),
            ("--set", { o in o.settings = ["edge-inferencer"] }),
            ("--set", { o in o.settings = ["oven:temperature=200"] }),
        ] as [(String, @Sendable (inout ClusterPlan.Options) -> Void)])
    func refusals(name: String, change: @Sendable (inout ClusterPlan.Options) -> Void) {
        let error = #expect(throws: FleetConsoleError.self) {
            try ClusterPlan(options: options(change), state: "/state")
        }
        #expect(error?.code == .invalidOption)
        #expect(error?.message.contains(name) == true)
    }

    @Test("The private broker listens on loopback alone, without Nagle's delay, with bounds")
    func broker() {
        let text = ClusterPlan.brokerConfiguration(port: 4711, persistence: "/state/broker")
        #expect(text.contains("listener 4711 127.0.0.1\n"))
        #expect(text.contains("set_tcp_nodelay true\n"))
        #expect(text.contains("max_queued_messages "))
        #expect(text.contains("persistence_location /state/broker/\n"))
    }
}
