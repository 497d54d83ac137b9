/// One sample of a source.
struct SourceSample {
    /// Seconds since the source began, strictly increasing over all passes.
    var t: Double
    var label: String?
    /// Whether a new stretch begins here even where the label stays the same.
    var beginsBlock: Bool
    /// Whether everything the source holds had been given before this sample.
    var beginsPass: Bool
    var values: [Float]
}

/// An endless run of samples: a recording that loops, or a generated device.
///
/// Passes last whole multiples of a minute, or for generators of their windows' grid, so that times stay on the grid.
protocol SampleSource: AnyObject {
    var channels: [String] { get }
    /// Seconds between samples where there is no gap.
    var interval: Double { get }
    /// Whether labels are numbers to be predicted, not classes.
    var labelsAreValues: Bool { get }
    func next() throws -> SourceSample
}
