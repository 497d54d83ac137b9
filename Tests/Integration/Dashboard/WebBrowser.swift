import Foundation
import JSON
import Subprocess
import SystemPackage

/// A real Chromium without a window, driven by its chromedriver over W3C WebDriver, for the time of a closure.
final class WebBrowser: Sendable {
    /// What a key sends (WebDriver, §17.4.2).
    enum Key: String {
        case tab = "\u{E004}", escape = "\u{E00C}", left = "\u{E012}", right = "\u{E014}", shift = "\u{E008}"
    }

    /// Unless somebody says otherwise, a missing browser fails: RETORT_TEST_BROWSER=0 leaves it out.
    static var isWanted: Bool { ProcessInfo.processInfo.environment["RETORT_TEST_BROWSER"] != "0" }

    private let driver: WebDriver
    private let session: String

    /// Runs the closure with a browser, which is gone afterwards whatever happens.
    static func with<T: Sendable>(_ body: (WebBrowser) async throws -> T) async throws -> T {
        let port = try LoopbackPort.free()
        let profile = NSTemporaryDirectory() + "/retort-browser-\(UUID().uuidString)"
        var options = PlatformOptions()
        // A group of its own, so that the browser goes with its driver.
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let configuration = Configuration(
            executable: .path(FilePath(try program("chromedriver"))), arguments: ["--port=\(port)"],
            platformOptions: options)
        let started = AsyncStream.makeStream(of: pid_t.self)
        let driver = Task {
            defer { started.continuation.finish() }
            return try await run(configuration, input: .none, output: .discarded, error: .discarded) { execution in
                started.continuation.yield(execution.processIdentifier.value)
            }.terminationStatus
        }
        var group: pid_t?
        for await identifier in started.stream {
            group = identifier
            break
        }
        let result: Result<T, any Error>
        do {
            let browser = try await WebBrowser(port: port, profile: profile)
            do { result = .success(try await body(browser)) } catch { result = .failure(error) }
            _ = try await browser.command("DELETE", "")
        } catch {
            driver.cancel()
            if let group { _ = kill(-group, SIGKILL) }
            _ = await driver.result
            throw error
        }
        driver.cancel()
        _ = await driver.result
        if let group { _ = kill(-group, SIGKILL) }
        if FileManager.default.fileExists(atPath: profile) { try FileManager.default.removeItem(atPath: profile) }
        return try result.get()
    }

    private init(port: Int, profile: String) async throws {
        driver = WebDriver(port: port)
        let deadline = ContinuousClock.now + .seconds(20)
        while try !LoopbackPort.isOpen(port) {
            guard ContinuousClock.now < deadline else { throw FixtureError("chromedriver does not answer") }
            try await Task.sleep(for: .milliseconds(10))
        }
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--force-color-profile=srgb", "--hide-scrollbars",
            "--user-data-dir=\(profile)",
        ]
        let capabilities = JSONValue.object([
            "capabilities": .object([
                "alwaysMatch": .object([
                    "goog:chromeOptions": .object([
                        "binary": .string(try Self.program("chromium")),
                        "args": .array(arguments.map(JSONValue.string)),
                    ]),
                    "goog:loggingPrefs": .object(["browser": .string("ALL")]),
                ])
            ])
        ])
        let answer = try await driver.ask("POST", "/session", capabilities)
        session = try JSONObjectReader(answer).string("sessionId")
    }

    private static func program(_ name: String) throws -> String {
        guard
            let path = ["/usr/bin/", "/usr/local/bin/"].map({ $0 + name }).first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            })
        else {
            throw FixtureError("\(name) is not installed: ./dev test, or sudo apt-get install chromium chromium-driver")
        }
        return path
    }

    // MARK: WebDriver

    @discardableResult
    private func command(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        try await driver.ask(method, "/session/\(session)\(path)", body)
    }

    @discardableResult
    private func devTools(_ name: String, _ parameters: JSONObject) async throws -> JSONValue {
        try await command(
            "POST", "/goog/cdp/execute", .object(["cmd": .string(name), "params": .object(parameters)]))
    }

    // MARK: What tests do

    func open(_ address: String) async throws {
        try await command("POST", "/url", .object(["url": .string(address)]))
    }

    /// Runs a function's body in the page.
    @discardableResult
    func script(_ body: String, _ arguments: JSONValue...) async throws -> JSONValue {
        try await command("POST", "/execute/sync", .object(["script": .string(body), "args": .array(arguments)]))
    }

    /// Waits until an expression is true in the page.
    func wait(until expression: String, _ what: String, seconds: Double = 30) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if try await script("return Boolean(\(expression))").bool == true { return }
            try await Task.sleep(for: .milliseconds(25))
        }
        let text = try await script("return document.body.innerText.slice(0, 1500)").string ?? ""
        throw FixtureError("waited \(seconds) s for this, which did not come: \(what). The page says:\n\(text)")
    }

    /// Light or dark, and how large; a phone is narrow and touched.
    func show(dark: Bool, width: Int, height: Int, phone: Bool = false) async throws {
        try await devTools(
            "Emulation.setEmulatedMedia",
            [
                "features": .array([
                    .object(["name": .string("prefers-color-scheme"), "value": .string(dark ? "dark" : "light")])
                ])
            ])
        try await devTools(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .integer(Int64(width)), "height": .integer(Int64(height)), "deviceScaleFactor": .integer(1),
                "mobile": .bool(phone),
            ])
    }

    /// Keeps a picture of the whole page.
    func screenshot(_ path: String) async throws {
        let answer = try await devTools("Page.captureScreenshot", ["captureBeyondViewport": .bool(true)])
        guard let text = answer.object?["data"]?.string, let data = Data(base64Encoded: text) else {
            throw FixtureError("no screenshot")
        }
        try data.write(to: URL(fileURLWithPath: path))
    }

    /// What the page or the browser complained of since the last call.
    func complaints() async throws -> [String] {
        let entries = try await command("POST", "/se/log", .object(["type": .string("browser")])).elements ?? []
        return entries.compactMap { $0.object?["message"]?.string }
    }

    /// Roles and names of everything on the page, as assistive technology is told them.
    func accessibleNodes() async throws -> [(role: String, name: String)] {
        let nodes = try await devTools("Accessibility.getFullAXTree", [:]).object?["nodes"]?.elements ?? []
        return nodes.compactMap { node in
            guard let object = node.object, object["ignored"]?.bool != true,
                let role = object["role"]?.object?["value"]?.string
            else { return nil }
            return (role, object["name"]?.object?["value"]?.string ?? "")
        }
    }

    /// Presses keys one after the other, with shift held where asked.
    func press(_ keys: [Key], shift: Bool = false) async throws {
        func action(_ type: String, _ key: Key) -> JSONValue {
            .object(["type": .string(type), "value": .string(key.rawValue)])
        }
        var actions = keys.flatMap { [action("keyDown", $0), action("keyUp", $0)] }
        if shift { actions = [action("keyDown", .shift)] + actions + [action("keyUp", .shift)] }
        try await perform("key", "keyboard", JSONObject(), actions)
    }

    /// Types text into what has the focus.
    func type(_ text: String) async throws {
        let actions = text.flatMap { character in
            ["keyDown", "keyUp"].map {
                JSONValue.object(["type": .string($0), "value": .string(String(character))])
            }
        }
        try await perform("key", "keyboard", JSONObject(), actions)
    }

    /// Drags the mouse from one point of the viewport to another, in steps as a hand does.
    func drag(from: (x: Double, y: Double), to: (x: Double, y: Double)) async throws {
        func move(_ share: Double) -> JSONValue {
            .object([
                "type": .string("pointerMove"), "duration": .integer(20),
                "x": .integer(Int64(from.x + (to.x - from.x) * share)),
                "y": .integer(Int64(from.y + (to.y - from.y) * share)),
            ])
        }
        func button(_ type: String) -> JSONValue { .object(["type": .string(type), "button": .integer(0)]) }
        let actions =
            [move(0), button("pointerDown")] + stride(from: 0.1, through: 1.0, by: 0.1).map(move) + [
                button("pointerUp")
            ]
        try await perform(
            "pointer", "mouse", ["parameters": .object(["pointerType": .string("mouse")])], actions)
    }

    private func perform(
        _ type: String, _ id: String, _ more: JSONObject, _ actions: [JSONValue]
    ) async throws {
        var source = more
        source["type"] = .string(type)
        source["id"] = .string(id)
        source["actions"] = .array(actions)
        try await command("POST", "/actions", .object(["actions": .array([.object(source)])]))
    }
}
