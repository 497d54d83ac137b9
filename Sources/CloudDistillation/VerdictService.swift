import BusAPI
import Logging
import ModelArtifact
import ServiceLifecycle
import ServiceRuntime
import Telemetry

/// Answers uploaded windows with the teacher's probabilities.
struct VerdictService: Service {
    /// Windows answered at once.
    static let batch = 64

    let context: ServiceContext
    let queue: VerdictQueue
    let shelf: TeacherShelf
    let collection: WindowCollection
    let metrics: DistillerMetrics

    /// Whether a verdict that names this teacher is one of ours.
    func isOwn(_ teacher: String) -> Bool { shelf.knows(teacher) }

    /// Takes a window that wants a verdict; one that cannot be answered is counted.
    ///
    /// - Throws: ``Rejection`` where the window is none of the task's.
    func take(_ window: WindowMessage, device: DeviceID, model: String) async throws(Rejection) {
        guard let task = await collection.task(model) else { throw WindowCollection.unknown(model) }
        _ = try window.checked(device: device, task: task)
        guard let teacher = shelf[model], teacher.serves(task) else {
            context.board.count("unanswered")
            return
        }
        let dropped = queue.append(
            .init(
                device: device, model: model, window: window.window, from: window.from, to: window.to,
                values: window.values))
        context.board.count("verdictsDropped", by: dropped)
    }

    func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            while let batch = await queue.next(Self.batch) {
                do {
                    try await answer(batch)
                } catch {
                    context.board.count("unanswered", by: batch.count)
                    context.logger.warning("verdicts failed", metadata: [DistillationLogKeys.error: "\(error)"])
                }
            }
        } onCancelOrGracefulShutdown: {
            queue.finish()
        }
    }

    private func answer(_ batch: [VerdictQueue.Request]) async throws {
        guard let model = batch.first?.model, let teacher = shelf[model], let task = await collection.task(model),
            teacher.serves(task)
        else {
            context.board.count("unanswered", by: batch.count)
            return
        }
        let values = batch.flatMap(\.values)
        let answers = try await BlockingWork.run("verdicts") { try teacher.model.answers(to: values) }
        let outputs = task.outputs
        for (index, request) in batch.enumerated() {
            let answer = Array(answers[index * outputs..<(index + 1) * outputs])
            let content: VerdictMessage.Content
            switch task.kind {
            case .multiHead:
                content = .heads(
                    zip(task.heads, task.headRanges).map { head, range in
                        let shares = Array(answer[range])
                        let best = WindowAnswer.likeliest(shares[...])
                        return VerdictMessage.Head(
                            head: head.name, label: head.classes[best].name, probabilities: shares)
                    })
            case .regression: content = .value(Double(answer.first ?? 0))
            case .classification:
                let best = answer.indices.max { answer[$0] < answer[$1] } ?? 0
                content = .probabilities(answer, label: task.classes[best].name)
            }
            let message = VerdictMessage(
                t: context.now(), window: request.window, from: request.from, to: request.to,
                teacher: teacher.digest.short, content: content)
            do {
                try await context.publish(message, on: .verdict(request.device, model: model))
                context.board.count("verdicts")
                metrics.answered(after: ContinuousClock.now - request.arrived)
            } catch {
                context.board.count("unanswered")
            }
        }
    }
}
