import BusAPI
import Foundation
import JSON
import Testing

@testable import ServiceRuntime

@Suite("Configuration")
struct ConfigurationTests {
    private static let keys: [ConfigurationKey] = [
        ConfigurationKey("edge.site", .string, default: "north", help: "A site."),
        ConfigurationKey("edge.rootFile", .string, default: nil, help: "A file."),
        ConfigurationKey("edge.queue", .integer, default: "10", help: "A bound."),
        ConfigurationKey("edge.share", .number, default: "0.5", help: "A share."),
        ConfigurationKey("edge.on", .boolean, default: "false", help: "A switch."),
        ConfigurationKey("edge.sites", .list, default: "", help: "Some sites."),
        ConfigurationKey("edge.token", .string, default: nil, isSecret: true, help: "A secret."),
    ]

    private func load(
        file: String? = nil, flags: [String] = [], environment: [String: String] = [:]
    ) throws -> ServiceConfiguration {
        var path: String?
        if let file {
            path = NSTemporaryDirectory() + "/retort-configuration-\(UUID().uuidString).json"
            try file.write(toFile: path ?? "", atomically: true, encoding: .utf8)
        }
        defer { if let path { try? FileManager.default.removeItem(atPath: path) } }
        return try ServiceConfiguration.load(
            executable: "edge-inferencer", keys: Self.keys, file: path, flags: flags, environment: environment)
    }

    @Test("Flags come before environment, environment before file, file before defaults")
    func precedence() throws {
        let file = #"{"edge": {"site": "file", "queue": 20, "share": 1, "on": true, "sites": ["a", "b"]}}"#
        let all = try load(
            file: file, flags: ["edge.site=first", "edge.site=flag"],
            environment: ["RETORT_EDGE_SITE": "environment", "RETORT_EDGE_QUEUE": "30"])
        #expect(try all.string("edge.site") == "flag")
        #expect(try all.integer("edge.queue") == 30)
        #expect(try all.number("edge.share") == 1)
        #expect(try all.boolean("edge.on"))
        #expect(try all.list("edge.sites") == ["a", "b"])
        #expect(try load().string("edge.site") == "north")
        #expect(try load().integer("edge.queue") == 10)
        #expect(try load().optionalString("edge.rootFile") == nil)
        #expect(throws: ConfigurationError.self) { try load().string("edge.rootFile") }
    }

    @Test("A key's environment variable separates words")
    func environmentNames() throws {
        #expect(Self.keys[1].environmentName == "RETORT_EDGE_ROOT_FILE")
        #expect(
            ConfigurationKey("bus.tls.keyFile2", .string, default: nil, help: "").environmentName
                == "RETORT_BUS_TLS_KEY_FILE2")
        #expect(try load(environment: ["RETORT_EDGE_ROOT_FILE": "/x"]).string("edge.rootFile") == "/x")
        #expect(try load(environment: ["RETORT_VERSION": "7", "PATH": "/"]).string("edge.site") == "north")
    }

    @Test(
        "A value of another kind is refused, and the message names key and place",
        arguments: [
            ("edge.queue=abc", "edge.queue"), ("edge.queue=1.5", "edge.queue"), ("edge.queue=", "edge.queue"),
            ("edge.share=nan", "edge.share"), ("edge.share=1e999", "edge.share"), ("edge.on=maybe", "edge.on"),
            ("queue=1", "queue"), ("edge.site", "edge.site"),
        ])
    func badFlags(flag: String, key: String) {
        #expect {
            try load(flags: [flag])
        } throws: {
            ($0 as? ConfigurationError)?.key == key && "\($0)".contains("--set") && "\($0)".contains(key)
        }
    }

    @Test("A bad number in the environment names its variable")
    func badEnvironment() {
        #expect {
            try load(environment: ["RETORT_BUS_KEEP_ALIVE": "abc"])
        } throws: {
            "\($0)".contains("RETORT_BUS_KEEP_ALIVE") && "\($0)".contains("\"abc\"")
        }
    }

    @Test(
        "A file with a wrong type, an unknown key or no JSON object is refused",
        arguments: [
            (#"{"edge": {"queue": "20"}}"#, "edge.queue"), (#"{"edge": {"site": 7}}"#, "edge.site"),
            (#"{"edge": {"on": 1}}"#, "edge.on"), (#"{"edge": {"sites": "a"}}"#, "edge.sites"),
            (#"{"edge": {"sites": ["a,b"]}}"#, "edge.sites"), (#"{"edge": {"sites": [1, 2]}}"#, "edge.sites"),
            (#"{"edge": {"site": null}}"#, "edge.site"), (#"{"edge": {"siet": "x"}}"#, "edge.siet"),
            (#"{"egde": {"site": "x"}}"#, "egde"), (#"{"edge": 1}"#, "edge"), (#"{"edge": {"site": {}}}"#, "edge.site"),
            (#"{"edge": {"queue": 1e300}}"#, "edge.queue"),
        ])
    func badFiles(file: String, key: String) {
        #expect { try load(file: file) } throws: { ($0 as? ConfigurationError)?.key == key }
    }

    @Test("A file that is missing or malformed is named", arguments: ["{", "[]", #"{"a": 1, "a": 2}"#])
    func malformed(file: String) {
        #expect { try load(file: file) } throws: { "\($0)".contains("retort-configuration-") }
        #expect {
            try ServiceConfiguration.load(
                executable: "x", keys: [], file: "/nowhere/x.json", flags: [], environment: [:])
        } throws: {
            "\($0)".contains("/nowhere/x.json")
        }
    }

    @Test("What is printed is a configuration file of the same content, without secrets")
    func printing() throws {
        let configuration = try load(
            flags: [
                "edge.token=hidden", "bus.password=hidden", "bus.url=mqtt://u:hidden@h:1", "edge.sites=a, b",
                "edge.on=yes",
                "edge.share=2",
            ])
        let text = configuration.json.prettyText
        #expect(!text.contains("hidden"))
        #expect(configuration.json.object?["edge"]?.object?["sites"] == .array([.string("a"), .string("b")]))
        #expect(configuration.json.object?["bus"]?.object?["url"] == .string("mqtt://u@h:1"))
        let again = try load(file: text)
        #expect(try again.boolean("edge.on") && again.number("edge.share") == 2)
        #expect(again.json.object?["edge"] == configuration.json.object?["edge"])
    }

    @Test("Help names every key, its variable and its default, but no secret's")
    func help() {
        let help = ServiceConfiguration.help(for: Self.keys)
        for key in Self.keys + ServiceKeys.all {
            #expect(help.contains("  \(key.name), \(key.environmentName)\n"))
            #expect(help.contains(key.help))
        }
        #expect(help.contains("integer (default 10)"))
    }

    @Test("The bus's address, account and TLS become connection options")
    func busOptions() throws {
        let options = try load(
            flags: [
                "bus.url=mqtts://u:p@h", "bus.username=other", "bus.version=3.1.1", "bus.tls.authorities=/ca.pem",
                "bus.keepAlive=30",
            ]
        ).busOptions(clientID: "gw-1")
        #expect(options.host == "h" && options.port == 8883 && options.clientID == "gw-1")
        #expect(options.username == "other" && options.password == "p" && options.version == .v311)
        #expect(options.tls?.certificateAuthorities == "/ca.pem" && options.keepAlive == 30)
        #expect(try load().busOptions(clientID: "x").tls == nil)
    }

    @Test(
        "Connection settings that cannot be meant are refused",
        arguments: [
            ("bus.url=tcp://h", "bus.url"), ("bus.version=4", "bus.version"), ("bus.keepAlive=1", "bus.keepAlive"),
            ("bus.inflight=0", "bus.inflight"), ("bus.tls.authorities=/ca.pem", "bus.url"),
        ])
    func badBusOptions(flag: String, key: String) throws {
        let configuration = try load(flags: [flag])
        #expect {
            try configuration.busOptions(clientID: "x")
        } throws: {
            ($0 as? ConfigurationError)?.key == key
        }
    }

    @Test("An instance that is no slug is refused; without one the host's name serves")
    func instances() throws {
        #expect(throws: ConfigurationError.self) {
            try ServiceIdentity(try load(flags: ["service.instance=Gateway 1"]), now: 0)
        }
        let identity = try ServiceIdentity(try load(), now: 5)
        #expect(identity.instance.hasPrefix("edge-inferencer-") && identity.started == 5)
        #expect(try ServiceIdentity(try load(), now: 5).session != identity.session)
        #expect(try ServiceIdentity(try load(), now: 5).boot == identity.boot)
    }
}
