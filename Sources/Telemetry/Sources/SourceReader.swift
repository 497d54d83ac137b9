import JSON

/// Makes readings of publishers' messages, by a sources file.
///
/// Synchronous and without I/O. It remembers which names became which devices, so that two publishers whose names become
/// one slug are told apart and not mixed.
public struct SourceReader: Sendable {
    /// Largest payload that is read, in bytes.
    public static let maximumBytes = 1 << 20
    /// Readings of one message.
    public static let maximumReadings = 100_000
    /// Devices whose names are remembered.
    public static let maximumDevices = 10_000

    private let matcher: SourceMatcher
    private let site: String
    private var names: [DeviceID: String] = [:]

    /// - Parameter site: of sources that name none.
    public init(_ document: SourcesDocument, site: String) {
        matcher = SourceMatcher(document)
        self.site = site
    }

    /// What a message says.
    ///
    /// - Parameter arrival: Unix seconds at which it came.
    /// - Returns: readings by device; nothing where no source takes the topic.
    /// - Throws: ``SourceError`` where the payload is not what the source says.
    public mutating func read(
        topic: String, payload: [UInt8], arrival: Double
    ) throws(SourceError) -> DecodedMessage? {
        guard let (source, captures) = matcher.find(topic) else { return nil }
        guard payload.count <= Self.maximumBytes else {
            throw SourceError(.tooLarge, "\(payload.count) bytes; at most \(Self.maximumBytes) are read")
        }
        var decoding = SourceDecoding(source: source, captures: captures, site: site, arrival: arrival)
        try decoding.decode(payload)
        for device in decoding.message.devices { try remember(device) }
        return decoding.message
    }

    private mutating func remember(_ device: DeviceReadings) throws(SourceError) {
        if let known = names[device.device] {
            guard known == device.originalName else {
                throw SourceError(
                    .name,
                    "\"\(device.originalName)\" and \"\(known)\" both become the device \(device.device); rename one")
            }
        } else if names.count < Self.maximumDevices {
            names[device.device] = device.originalName
        }
    }
}
