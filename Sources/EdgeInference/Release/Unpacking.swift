import ModelDelta

extension EdgeInferenceApp {
    /// Update frames as the registry makes them.
    static let unpack: ReleaseManager.Unpack = { frame, base, limit in
        try DeltaCodec.decode(DeltaFrame(frame), base: base, maximumBytes: limit)
    }
}
