public import JSON

extension NetworkSpec {
    /// Reads a spec and checks that its layers fit one another.
    ///
    /// - Throws: `JSONError` that names the key at fault.
    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        samples = try reader.integer("samples")
        channels = try reader.integer("channels")
        layers = []
        for (index, element) in try reader.elements("layers").enumerated() {
            layers.append(try Layer(try JSONObjectReader(element, path: "layers[\(index)]")))
        }
        do throws(ArtifactError) { try validate() } catch { throw JSONError(.wrongType, error.message) }
    }

    public var json: JSONValue {
        .object([
            "samples": .integer(Int64(samples)), "channels": .integer(Int64(channels)),
            "layers": .array(layers.map(\.json)),
        ])
    }
}

extension NetworkSpec.Layer {
    init(_ reader: JSONObjectReader) throws(JSONError) {
        switch try reader.string("type") {
        case "convolution":
            self = .convolution(
                filters: try reader.integer("filters"), kernel: try reader.integer("kernel"),
                stride: try reader.integer("stride"))
        case "batchNorm": self = .batchNorm
        case "relu": self = .relu
        case "maxPool": self = .maxPool(size: try reader.integer("size"))
        case "averagePool": self = .averagePool(size: try reader.integer("size"))
        case "globalAveragePool": self = .globalAveragePool
        case "dropout": self = .dropout(rate: Float(try reader.number("rate")))
        case "dense": self = .dense(units: try reader.integer("units"))
        case let type:
            throw JSONError(.wrongType, "\(reader.path).type: \"\(type)\" is no layer that this version knows")
        }
    }

    var json: JSONValue {
        func layer(_ type: String, _ members: KeyValuePairs<String, Int> = [:]) -> JSONValue {
            var object: JSONObject = ["type": .string(type)]
            for (key, value) in members { object[key] = .integer(Int64(value)) }
            return .object(object)
        }
        switch self {
        case .convolution(let filters, let kernel, let stride):
            return layer("convolution", ["filters": filters, "kernel": kernel, "stride": stride])
        case .batchNorm: return layer("batchNorm")
        case .relu: return layer("relu")
        case .maxPool(let size): return layer("maxPool", ["size": size])
        case .averagePool(let size): return layer("averagePool", ["size": size])
        case .globalAveragePool: return layer("globalAveragePool")
        case .dropout(let rate): return .object(["type": .string("dropout"), "rate": .shortest(rate)])
        case .dense(let units): return layer("dense", ["units": units])
        }
    }
}

extension JSONValue {
    /// A float in the fewest digits that read back to it.
    ///
    /// - Precondition: `value` is finite.
    static func shortest(_ value: Float) -> JSONValue {
        // Read as a double and rounded to float, the short form could in principle land beside the value.
        if let short = Double(value.description), Float(short) == value { return JSONValue(exactly: short) }
        return .double(Double(value))
    }
}
