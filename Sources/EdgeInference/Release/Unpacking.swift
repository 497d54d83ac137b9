extension EdgeInferenceApp {
    static let unpack: ReleaseManager.Unpack = { _, _, _ in throw EdgeError(.malformed, "no update format") }
}
