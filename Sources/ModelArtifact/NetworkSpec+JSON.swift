public import JSON

extension NetworkSpec {
    /// Reads a spec and checks that its layers fit one another.
    ///
    /// - Throws: `JSONError` that names the key at fault.
    public init(json: JSONValue) throws(JSONError) {
        let reader = try JSONObjectReader(json)
        samples = try reader.integer("samples")
        channels = try reader.integer("channels")
        layers = try reader.layers("layers")
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
                stride: try reader.integer("stride"), dilation: try reader.optionalInteger("dilation") ?? 1)
        case "depthwiseConvolution":
            self = .depthwiseConvolution(
                kernel: try reader.integer("kernel"), stride: try reader.integer("stride"),
                dilation: try reader.optionalInteger("dilation") ?? 1)
        case "convolution2D":
            self = .convolution2D(
                filters: try reader.integer("filters"), kernel: try reader.size("kernel"),
                stride: try reader.size("stride"))
        case "spectrogram": self = .spectrogram(frame: try reader.integer("frame"), hop: try reader.integer("hop"))
        case "batchNorm": self = .batchNorm
        case "relu": self = .relu
        case "relu6": self = .relu6
        case "gelu": self = .gelu
        case "sigmoid": self = .sigmoid
        case "tanh": self = .tanh
        case "softmax": self = .softmax
        case "maxPool": self = .maxPool(size: try reader.integer("size"))
        case "averagePool": self = .averagePool(size: try reader.integer("size"))
        case "maxPool2D": self = .maxPool2D(size: try reader.size("size"))
        case "averagePool2D": self = .averagePool2D(size: try reader.size("size"))
        case "globalAveragePool": self = .globalAveragePool
        case "globalMaxPool": self = .globalMaxPool
        case "dropout": self = .dropout(rate: Float(try reader.number("rate")))
        case "dense": self = .dense(units: try reader.integer("units"))
        case "gru": self = .gru(units: try reader.integer("units"), sequence: try reader.bool("sequence"))
        case "residual": self = .residual(try reader.layers("block"))
        case let type:
            throw JSONError(.wrongType, "\(reader.path).type: \"\(type)\" is no layer that this version knows")
        }
    }

    var json: JSONValue {
        func layer(_ type: String, _ members: KeyValuePairs<String, JSONValue> = [:]) -> JSONValue {
            var object: JSONObject = ["type": .string(type)]
            for (key, value) in members { object[key] = value }
            return .object(object)
        }
        func dilated(_ layer: JSONValue, _ dilation: Int) -> JSONValue {
            guard dilation != 1, var object = layer.object else { return layer }
            object["dilation"] = .count(dilation)
            return .object(object)
        }
        switch self {
        case .convolution(let filters, let kernel, let stride, let dilation):
            return dilated(
                layer("convolution", ["filters": .count(filters), "kernel": .count(kernel), "stride": .count(stride)]),
                dilation)
        case .depthwiseConvolution(let kernel, let stride, let dilation):
            return dilated(
                layer("depthwiseConvolution", ["kernel": .count(kernel), "stride": .count(stride)]), dilation)
        case .convolution2D(let filters, let kernel, let stride):
            return layer(
                "convolution2D", ["filters": .count(filters), "kernel": .size(kernel), "stride": .size(stride)])
        case .spectrogram(let frame, let hop):
            return layer("spectrogram", ["frame": .count(frame), "hop": .count(hop)])
        case .batchNorm: return layer("batchNorm")
        case .relu: return layer("relu")
        case .relu6: return layer("relu6")
        case .gelu: return layer("gelu")
        case .sigmoid: return layer("sigmoid")
        case .tanh: return layer("tanh")
        case .softmax: return layer("softmax")
        case .maxPool(let size): return layer("maxPool", ["size": .count(size)])
        case .averagePool(let size): return layer("averagePool", ["size": .count(size)])
        case .maxPool2D(let size): return layer("maxPool2D", ["size": .size(size)])
        case .averagePool2D(let size): return layer("averagePool2D", ["size": .size(size)])
        case .globalAveragePool: return layer("globalAveragePool")
        case .globalMaxPool: return layer("globalMaxPool")
        case .dropout(let rate): return layer("dropout", ["rate": .shortest(rate)])
        case .dense(let units): return layer("dense", ["units": .count(units)])
        case .gru(let units, let sequence):
            return layer("gru", ["units": .count(units), "sequence": .bool(sequence)])
        case .residual(let block): return layer("residual", ["block": .array(block.map(\.json))])
        }
    }
}

extension JSONObjectReader {
    /// The layers under a key.
    fileprivate func layers(_ key: String) throws(JSONError) -> [NetworkSpec.Layer] {
        var layers: [NetworkSpec.Layer] = []
        let name = path.isEmpty ? key : "\(path).\(key)"
        for (index, element) in try elements(key).enumerated() {
            layers.append(try NetworkSpec.Layer(try JSONObjectReader(element, path: "\(name)[\(index)]")))
        }
        return layers
    }

    /// `[rows, columns]`.
    fileprivate func size(_ key: String) throws(JSONError) -> NetworkSpec.Size2D {
        let values = try elements(key).map { $0.integer.flatMap(Int.init(exactly:)) }
        guard values.count == 2, let rows = values[0], let columns = values[1] else {
            throw JSONError(.wrongType, "\(path).\(key): two integers, rows and columns, are expected")
        }
        return NetworkSpec.Size2D(rows, columns)
    }
}

extension JSONValue {
    fileprivate static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    fileprivate static func size(_ size: NetworkSpec.Size2D) -> JSONValue {
        .array([.count(size.rows), .count(size.columns)])
    }

    /// A float in the fewest digits that read back to it.
    ///
    /// - Precondition: `value` is finite.
    static func shortest(_ value: Float) -> JSONValue {
        // Read as a double and rounded to float, the short form could in principle land beside the value.
        if let short = Double(value.description), Float(short) == value { return JSONValue(exactly: short) }
        return .double(Double(value))
    }
}
