/// Where the state of a training is kept after each epoch, so that one that was killed goes on from there: the student is
/// the same, bit for bit, as if it had not been.
///
/// A checkpoint counts only for the same task, options, windows and teachers; any other is passed over.
public struct Checkpoints: Sendable {
    /// The bytes kept under a name, a slug; `nil` where there are none.
    public var load: @Sendable (String) -> [UInt8]?
    /// Keeps bytes under a name in place of those before, whole or not at all. A checkpoint that cannot be kept does not
    /// end the training.
    public var save: @Sendable (String, [UInt8]) -> Void

    /// Told the name and the reason of each checkpoint that is passed over.
    public var passedOver: @Sendable (String, String) -> Void

    public init(
        load: @escaping @Sendable (String) -> [UInt8]?, save: @escaping @Sendable (String, [UInt8]) -> Void,
        passedOver: @escaping @Sendable (String, String) -> Void = { _, _ in }
    ) {
        self.load = load
        self.save = save
        self.passedOver = passedOver
    }
}
