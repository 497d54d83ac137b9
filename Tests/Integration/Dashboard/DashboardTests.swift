import BusAPI
import Foundation
import JSON
import ModelArtifact
import Telemetry
import Testing

/// The dashboard of the real aggregator in a real browser.
@Suite("The dashboard in a browser", .serialized, .enabled(if: WebBrowser.isWanted, "RETORT_TEST_BROWSER=0 says so"))
struct DashboardTests {
    private static let token = "a-token-for-tests-1234"

    /// An aggregator with its dashboard at a port; again at the same port after its end.
    private static func dashboard(_ stage: ServiceStage, port: Int, token: Bool = true) async throws -> ServiceProcess {
        var settings = ["http.port": "\(port)", "aggregator.publishSeconds": "0.2"]
        if token {
            let file = stage.folder + "/token"
            try (Self.token + "\n").write(toFile: file, atomically: true, encoding: .utf8)
            settings["http.tokenFile"] = file
        }
        let process = try await stage.start("metrics-aggregator", "aggregator", settings)
        // Online it is before it listens.
        _ = try await stage.waiting(for: "it counts") { process.words.contains("counting") ? true : nil }
        return process
    }

    private static let views: [(name: String, path: String, heading: String)] = [
        ("overview", "/", "Fleet"), ("devices", "/devices", "Devices"),
        ("device", "/devices/north/wrist-1", "wrist-1"), ("models", "/models", "Models"),
        ("model", "/models/activity", "activity"), ("updates", "/updates", "Updates"),
        ("jobs", "/jobs", "Training jobs"),
        ("drift", "/drift", "Drift"),
    ]

    /// Where pictures are kept.
    private static func pictures() throws -> String {
        let folder =
            ProcessInfo.processInfo.environment["RETORT_SCREENSHOTS"]
            ?? ServiceProcess.programs.deletingLastPathComponent().appendingPathComponent("screenshots").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func isScored(_ stage: ServiceStage) async throws {
        _ = try await stage.message(on: .accuracy(model: DashboardFleet.model, version: 3), "scores of version 3") {
            try AccuracyMessage(payload: $0).scored >= 60
        }
        _ = try await stage.message(on: .fleetSummary, "joules and jobs") {
            let summary = try FleetSummary(payload: $0)
            return summary.jobs.count == 2 && !summary.joules.isEmpty && summary.windows >= 240
        }
    }

    @Test(
        "Each view is reached by its address within a second, in light, dark and on a phone, and everybody can use it")
    func views() async throws {
        try await ServiceStage.with { stage in
            let port = try LoopbackPort.free()
            _ = try await Self.dashboard(stage, port: port)
            let fleet = DashboardFleet(stage: stage)
            try await fleet.speak()
            try await Self.isScored(stage)
            let sensor = Task { try await fleet.play(DeviceID(site: "north", device: "wrist-1")) }
            defer { sensor.cancel() }
            let folder = try Self.pictures()
            try await WebBrowser.with { browser in
                let shapes: [(name: String, dark: Bool, width: Int, height: Int, phone: Bool)] = [
                    ("light", false, 1280, 900, false), ("dark", true, 1280, 900, false),
                    ("phone", false, 390, 844, true),
                ]
                for shape in shapes {
                    try await browser.show(
                        dark: shape.dark, width: shape.width, height: shape.height, phone: shape.phone)
                    for view in Self.views {
                        try await browser.open("http://127.0.0.1:\(port)\(view.path)")
                        try await browser.wait(
                            until: "document.querySelector('main h1')?.textContent === '\(view.heading)'",
                            "the view \(view.name)")
                        let seconds = try #require(try await browser.script(PageChecks.loadTime).number) / 1000
                        #expect(seconds < 1, "\(view.name) took \(seconds) s to load")
                        try await browser.wait(until: PageChecks.isSettled, "\(view.name) is drawn")
                        if view.name == "device" {
                            try await browser.wait(
                                until: "document.querySelectorAll('.stack canvas').length > 0"
                                    + " && document.querySelectorAll('tr[data-key^=\"activity wrist-1@\"]').length > 7",
                                "the live signal")
                        }
                        try await browser.screenshot("\(folder)/\(view.name)-\(shape.name).png")
                        let width = try await browser.script("return document.documentElement.scrollWidth").number
                        #expect(width == Double(shape.width), "\(view.name) is wider than \(shape.name)")
                        try await Self.isForEverybody(browser, "\(view.name), \(shape.name)")
                        #expect(try await browser.complaints() == [], "\(view.name), \(shape.name)")
                    }
                }
            }
        }
    }

    /// Names, contrast and the order of the focus.
    private static func isForEverybody(_ browser: WebBrowser, _ place: String) async throws {
        let needsName: Set<String> = [
            "button", "link", "textbox", "searchbox", "combobox", "spinbutton", "checkbox", "progressbar", "table",
            "img", "image", "group", "navigation", "region",
        ]
        let nodes = try await browser.accessibleNodes()
        #expect(nodes.count > 20, "\(place): there is an accessibility tree")
        for node in nodes where needsName.contains(node.role) && node.name.isEmpty {
            Issue.record("\(place): a \(node.role) has no name")
        }
        let faint = try await browser.script(PageChecks.faintTexts).elements ?? []
        #expect(faint.isEmpty, "\(place): \(faint.prefix(5).map(\.text))")
        let structure = try await browser.script(PageChecks.structure).string
        #expect(structure == "", "\(place): \(structure ?? "")")
        try await browser.script("document.activeElement.blur(); window.focus(); scrollTo(0, 0)")
        var order: [Double] = []
        for step in 0..<9 {
            try await browser.press([.tab])
            let focus = try await browser.script(PageChecks.focus).object
            #expect(
                focus?["visible"]?.bool == true,
                "\(place): the focus is seen at step \(step): \(focus?["what"]?.string ?? "")")
            order.append(focus?["place"]?.number ?? -1)
        }
        #expect(order == order.sorted() && Set(order).count == order.count, "\(place): the focus goes \(order)")
    }

    @Test("What others call themselves is text, whatever it is")
    func names() async throws {
        try await ServiceStage.with { stage in
            let port = try LoopbackPort.free()
            _ = try await Self.dashboard(stage, port: port)
            try await DashboardFleet(stage: stage).speak()
            try await Self.isScored(stage)
            try await WebBrowser.with { browser in
                for path in ["/", "/devices", "/devices/north/wrist-2", "/updates", "/jobs"] {
                    try await browser.open("http://127.0.0.1:\(port)\(path)")
                    try await browser.wait(until: PageChecks.isSettled, "\(path) is drawn")
                    let found = try await browser.script(
                        "return [document.querySelectorAll('main script, main img').length, document.title]"
                    ).elements
                    #expect(found?.first?.integer == 0, "\(path): no element is made of a name")
                    #expect(found?.last?.string?.hasSuffix("Retort") == true)
                }
                try await browser.open("http://127.0.0.1:\(port)/devices/north/wrist-2")
                try await browser.wait(
                    until: "document.querySelector('main h1')?.textContent.startsWith('<script>')", "the name as text")
                #expect(try await browser.complaints() == [])
            }
        }
    }

    @Test("The page follows the bus, says so when the aggregator is gone, and goes on when it is back")
    func live() async throws {
        try await ServiceStage.with { stage in
            let port = try LoopbackPort.free()
            var aggregator = try await Self.dashboard(stage, port: port)
            let device = DeviceID(site: "north", device: "probe-1")
            try await stage.publish(.deviceAvailability(device), Array("online".utf8), retained: true)
            try await WebBrowser.with { browser in
                try await browser.open("http://127.0.0.1:\(port)/devices")
                let state = "document.querySelector('tr[data-key=\"north/probe-1\"] .state')?.textContent"
                try await browser.wait(until: "\(state)?.includes('online')", "the device is online")
                try await browser.script("window.isThisPage = true")
                try await stage.publish(.deviceAvailability(device), Array("offline".utf8), retained: true)
                try await browser.wait(
                    until: "\(state)?.includes('offline')", "the device is offline, live", seconds: 5)
                #expect(try await browser.complaints() == [])

                await aggregator.kill()
                let connection = "document.getElementById('connection').textContent"
                try await browser.wait(until: "\(connection).includes('as of')", "the page says as of when it is")
                try await browser.wait(until: "document.querySelector('.notice')", "and above what it shows")
                #expect(
                    try await browser.script("return Boolean(\(state))").bool == true, "what was known is still shown")
                try await stage.publish(.deviceAvailability(device), Array("online".utf8), retained: true)
                aggregator = try await Self.dashboard(stage, port: port)
                try await browser.wait(until: "\(state)?.includes('online')", "what changed meanwhile")
                try await browser.wait(until: "\(connection).includes('Live')", "live again")
                #expect(try await browser.script("return window.isThisPage").bool == true, "nobody loaded it again")
                // While it was away the browser itself says that it cannot connect; nothing else is said.
                let complaints = try await browser.complaints()
                #expect(complaints.allSatisfy { $0.contains("/api/events") }, "\(complaints)")

                await stage.broker.stop()
                try await browser.wait(until: "\(connection).includes('No broker')", "the broker is gone, and said so")
                try await stage.restartBroker()
                try await browser.wait(until: "\(connection).includes('Live')", "the broker is back")
            }
        }
    }

    @Test("A stretch dragged over a device's live signal becomes a label on the bus, with keys too, and is taken back")
    func labelling() async throws {
        try await ServiceStage.with { stage in
            let port = try LoopbackPort.free()
            _ = try await stage.registry()
            _ = try await stage.edge("gw-north", site: "north")
            _ = try await Self.dashboard(stage, port: port)
            _ = try await stage.offer(weight: 10)
            _ = try await stage.running(1, EdgeID(site: "north", edge: "gw-north"))
            let device = DeviceID(site: "north", device: "probe-1")
            let sensor = Task { try await Self.play(device, on: stage) }
            defer { sensor.cancel() }
            try await WebBrowser.with { browser in
                try await browser.show(dark: false, width: 1280, height: 1400)
                try await browser.open("http://127.0.0.1:\(port)/devices/north/probe-1")
                try await browser.wait(until: "document.querySelector('.stack canvas')", "the signal is drawn")
                try await browser.wait(
                    until: "document.querySelectorAll('tr[data-key^=\"level probe-1@\"]').length > 2",
                    "decisions come with it")
                try await Self.unlock(browser)
                let first = try await Self.drag(browser, stage, "high")
                #expect(first.to - first.from > 2)
                let sent = stage.messages.compactMap { message -> Double? in
                    guard message.topic.hasSuffix("/preview/north/probe-1") else { return nil }
                    return try? PreviewMessage(payload: message.payload).samples.t
                }
                let signal = try #require(sent.min())...(try #require(sent.max()) + 5)
                #expect(signal.contains(first.from) && signal.contains(first.to), "the label is in the device's time")
                try await browser.screenshot(try Self.pictures() + "/labelling-light.png")

                let mark = stage.mark
                try await browser.script("document.querySelector('.chips button').click()")
                _ = try await stage.message(on: .label(device), "the label taken back", after: mark) {
                    let label = try LabelMessage(payload: $0)
                    return label.id == first.id && label.content == .withdrawn
                }

                let keyed = stage.mark
                try await browser.script("document.querySelector('.stack').focus()")
                try await browser.press([.left, .left])
                try await browser.press([.left, .left, .left], shift: true)
                try await Self.give(browser, "low")
                _ = try await stage.message(on: .label(device), "a label given by keys", after: keyed) {
                    try LabelMessage(payload: $0).content == .label("low")
                }
                #expect(try await browser.complaints() == [])
            }
            sensor.cancel()
            try await stage.validateTraffic(except: [])
        }
    }

    /// Sends samples as a sensor does, ten a second of device time, until it is cancelled.
    private static func play(_ device: DeviceID, on stage: ServiceStage) async throws {
        let start = 1_760_000_000.0
        for step in 0... {
            let values = (0..<10).flatMap { [Float(sin(Double(step * 10 + $0) / 6)), 0.25] }
            let samples = TelemetryMessage(
                t: start + Double(step), interval: 0.1, channels: ["a", "b"], values: values)
            try await stage.publish(.telemetry(device), samples.payload)
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private static func unlock(_ browser: WebBrowser) async throws {
        try await browser.script("document.getElementById('unlock').click()")
        try await browser.wait(until: "document.querySelector('dialog[open] input')", "the token is asked for")
        try await browser.type("not the token at all")
        try await browser.script("document.querySelector('dialog button[type=submit]').click()")
        try await browser.wait(
            until: "document.querySelector('dialog [role=alert]').textContent.includes('wrong')",
            "a wrong token is refused")
        // The refusal is also in the browser's log; what comes after is looked at.
        #expect(try await browser.complaints().allSatisfy { $0.contains("401") })
        try await browser.script("document.querySelector('dialog input').select()")
        try await browser.type(token)
        try await browser.script("document.querySelector('dialog button[type=submit]').click()")
        try await browser.wait(until: "!document.querySelector('dialog').open", "the right one is taken")
    }

    /// Drags over the middle of the newest part of the signal, labels it, and returns what arrived.
    private static func drag(_ browser: WebBrowser, _ stage: ServiceStage, _ label: String) async throws -> LabelMessage
    {
        let mark = stage.mark
        let box = try await browser.script(
            "document.querySelector('.stack').scrollIntoView({block: 'center'});"
                + "const box = document.querySelector('.stack').getBoundingClientRect(); return [box.left, box.top, box.width, box.height]"
        ).numberArray
        let place = try #require(box)
        let y = place[1] + place[3] / 2
        try await browser.drag(
            from: (place[0] + place[2] * 0.86, y), to: (place[0] + place[2] * 0.97, y))
        try await browser.wait(
            until: "document.getElementById('selected').textContent.startsWith('Selected')", "a selection")
        try await give(browser, label)
        let payload = try await stage.message(
            on: .label(DeviceID(site: "north", device: "probe-1")), "the label", after: mark
        ) { try LabelMessage(payload: $0).content == .label(label) }
        return try LabelMessage(payload: payload)
    }

    private static func give(_ browser: WebBrowser, _ label: String) async throws {
        try await browser.script(
            "const select = document.querySelector('select[name=label]');"
                + "select.value = [...select.options].find(option => option.text === arguments[0]).value;"
                + "select.onchange({target: select}); select.form.querySelector('button[type=submit]').click()",
            .string(label))
    }

    @Test("Without a token in the configuration the page says what to set, and nothing is published")
    func readOnly() async throws {
        try await ServiceStage.with { stage in
            let port = try LoopbackPort.free()
            _ = try await Self.dashboard(stage, port: port, token: false)
            try await stage.publish(.task(model: DashboardFleet.model), DashboardFleet.task.json.bytes, retained: true)
            try await WebBrowser.with { browser in
                try await browser.open("http://127.0.0.1:\(port)/jobs")
                try await browser.wait(until: "document.querySelector('main h1')", "the view")
                try await browser.script("document.getElementById('unlock').click()")
                try await browser.wait(
                    until: "document.querySelector('dialog[open]').textContent.includes('http.tokenFile')",
                    "what to set")
                let status = try await browser.script(
                    "const request = new XMLHttpRequest(); request.open('POST', '/api/jobs', false);"
                        + "request.setRequestHeader('authorization', 'Bearer '); request.send('{}');"
                        + "return [request.status, request.responseText]"
                ).elements
                #expect(status?.first?.integer == 403)
                #expect(status?.last?.string?.contains("http.tokenFile") == true)
                #expect(!stage.messages.contains { $0.topic.hasSuffix("/job/request") })
            }
        }
    }
}
