import ModelArtifact
import ModelDelta
import Telemetry

extension EdgeInferenceApp {
    /// Update frames as the registry makes them; one that is not what its offer said is not even unpacked.
    static let unpack: ReleaseManager.Unpack = { bytes, offer, base, limit in
        let frame = try DeltaFrame(bytes)
        guard frame.method.rawValue == offer.method, frame.target.hex == offer.target,
            frame.base?.hex ?? "none" == (offer.method == "full" ? "none" : offer.base)
        else {
            throw EdgeError(
                .malformed,
                "the frame's header says \(frame.method.rawValue) from \(frame.base?.short ?? "none") to "
                    + "\(frame.target.short), which is not what was offered")
        }
        return try DeltaCodec.decode(frame, base: base, maximumBytes: limit)
    }
}
