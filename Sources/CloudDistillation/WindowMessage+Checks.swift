import ModelArtifact
import Telemetry

extension WindowMessage {
    /// Checks that the window is one of the task's, cut on the device its topic names.
    ///
    /// - Returns: the window's key.
    func checked(device: DeviceID, task: TaskDocument) throws(Rejection) -> WindowKey {
        guard task.covers(site: device.site, device: device.device) else {
            throw Rejection(code: "device", reason: "the task \(task.name) does not run on \(device)")
        }
        guard let id = WindowID(window), id.device == device.device else {
            throw Rejection(code: "window", reason: "\"\(window.prefix(100))\" names no window of \(device.device)")
        }
        // Payloads carry times to the microsecond, window ids to the millisecond.
        guard abs(id.start - from) <= 0.001, abs(to - from - task.windowSeconds) <= 0.001 else {
            throw Rejection(
                code: "window",
                reason: "from and to must reach \(task.windowSeconds) s from the start that the window id names")
        }
        guard channels == task.channels.map(\.name) else {
            let wanted = task.channels.map(\.name).joined(separator: ", ")
            throw Rejection(
                code: "channels", reason: "the task \(task.name) wants the channels \(wanted) in this order")
        }
        guard values.count == task.window * task.channels.count else {
            throw Rejection(
                code: "values",
                reason: "\(values.count / max(1, channels.count)) samples, but the task \(task.name) has \(task.window)"
            )
        }
        return WindowKey(device: device, milliseconds: id.milliseconds)
    }
}
