import BusAPI
import JSON
import ModelArtifact
import ServiceHTTP
import ServiceRuntime
import Telemetry

/// What people may do from a page, where they bring the token: label, take a label back, start a job.
struct DashboardActions: Sendable {
    let state: DashboardState
    let context: ServiceContext

    var routes: [HTTPRoute] {
        [
            // Whether the token is right.
            HTTPRoute(action: "/api/session") { _ in .json(Array("{}".utf8)) },
            HTTPRoute(action: "/api/labels") { request in await answering { try await label(request.body) } },
            HTTPRoute(action: "/api/jobs") { request in await answering { try await job(request.body) } },
        ]
    }

    private func answering(_ body: () async throws -> JSONValue) async -> HTTPRoute.Answer {
        do {
            return .json(try await body().bytes)
        } catch let error as DashboardError {
            return .text(error.message + "\n", status: 422)
        } catch let error as JSONError {
            return .text("\(error)\n", status: 400)
        } catch {
            // The broker is away, or takes nothing.
            return .text("not published: \(error)\n", status: 503)
        }
    }

    /// `{"device": "site/device", "from", "to"}` with `label`, `value` or `heads` as on `label/`, and an `id` to correct
    /// or, with `"label": null`, to take back.
    private func label(_ body: [UInt8]) async throws -> JSONValue {
        guard case .object(var object) = try JSONValue(parsing: body, maximumBytes: HTTPRoute.bodyLimit) else {
            throw DashboardError("expected an object")
        }
        guard let name = object["device"]?.string, let device = DashboardData.device(name) else {
            throw DashboardError("device: expected site/device")
        }
        object["device"] = nil
        let now = context.now()
        object["t"] = .time(now)
        if object["id"] == nil {
            object["id"] = .string("dashboard-\(device.device)-\(Int(now * 1000))-\(UInt16.random(in: 0...UInt16.max))")
        }
        let message = try LabelMessage(json: .object(object))
        try check(message.content, of: device)
        try await context.publish(message, on: .label(device))
        context.board.count("labelsGiven")
        return message.json
    }

    /// A label that no task knows would teach nobody anything.
    private func check(_ content: LabelMessage.Content, of device: DeviceID) throws {
        let tasks = state.tasks.filter { $0.covers(site: device.site, device: device.device) }
        func refuse(_ what: String, _ known: [String]) -> DashboardError {
            DashboardError("\(what): no task on \(device) has it; known: \(known.sorted().joined(separator: ", "))")
        }
        switch content {
        case .withdrawn: break
        case .label(let label):
            let known = tasks.flatMap { $0.classes.map(\.name) }
            guard known.contains(label) else { throw refuse("label \"\(label.prefix(80))\"", known) }
        case .value:
            guard tasks.contains(where: { $0.kind == .regression }) else {
                throw DashboardError("value: no task on \(device) predicts one")
            }
        case .heads(let heads):
            for (head, label) in heads {
                let known = tasks.flatMap(\.heads).filter { $0.name == head }.flatMap { $0.classes.map(\.name) }
                guard known.contains(label) else { throw refuse("\(head) \"\(label.prefix(80))\"", known) }
            }
        }
    }

    /// `{"model"}`, with `base`, `teacher`, `retrainTeacher`, `distiller` as on `job/request`.
    private func job(_ body: [UInt8]) async throws -> JSONValue {
        guard case .object(var object) = try JSONValue(parsing: body, maximumBytes: HTTPRoute.bodyLimit) else {
            throw DashboardError("expected an object")
        }
        let now = context.now()
        let model = object["model"]?.string ?? ""
        object["t"] = .time(now)
        if object["id"] == nil { object["id"] = .string("dashboard-\(Int(now * 1000))") }
        let request = try JobRequest(json: .object(object))
        guard state.tasks.contains(where: { $0.name == model }) else {
            throw DashboardError("model: there is no task \"\(model.prefix(80))\"")
        }
        try await context.publish(request, on: .jobRequest)
        context.board.count("jobsAsked")
        return request.json
    }
}
