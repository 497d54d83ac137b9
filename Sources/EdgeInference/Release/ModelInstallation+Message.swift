import Telemetry

extension ModelInstallation {
    /// What is said of this model on the bus.
    func message(now: Double) -> InstalledMessage {
        var message = InstalledMessage(
            t: now, state: .waiting, running: running?.version, digest: running?.digest, desired: desired?.version,
            previous: previous?.version, isOnProbation: isOnProbation, refused: refusals)
        switch phase {
        case .idle:
            message.state = running == nil ? .waiting : .running
            message.method = receipt?.method
            message.base = receipt?.base
            message.bytes = receipt?.bytes
            message.chunks = receipt?.chunks
            message.repeated = receipt?.repeated
            message.seconds = receipt?.seconds
            message.reason = receipt?.reason
        case .seeking: message.state = isHeld ? .waiting : .downloading
        case .restoring: message.state = .verifying
        case .collecting(let offer), .verifying(let offer):
            if case .verifying = phase { message.state = .verifying } else { message.state = .downloading }
            message.method = offer.method
            message.base = offer.base
            message.bytes = offer.content.bytes
            message.chunksHave = have
            message.chunks = offer.content.chunks.count
        case .refused: message.state = .refused
        }
        return message
    }
}
