import CMosquitto

/// A list of MQTT 5 properties, freed at the end of its scope.
struct MosquittoProperties: ~Copyable {
    private(set) var list: OpaquePointer?

    init() {}

    deinit {
        if list != nil {
            var list = list
            mosquitto_property_free_all(&list)
        }
    }

    /// Adds a property; false where the library has no memory or refuses the value.
    mutating func add(_ property: mqtt5_property, _ value: UInt32) -> Bool {
        mosquitto_property_add_int32(&list, Int32(property.rawValue), value) == MosquittoLibrary.success
    }

    mutating func addVariable(_ property: mqtt5_property, _ value: UInt32) -> Bool {
        mosquitto_property_add_varint(&list, Int32(property.rawValue), value) == MosquittoLibrary.success
    }

    mutating func add(_ property: mqtt5_property, _ text: String) -> Bool {
        mosquitto_property_add_string(&list, Int32(property.rawValue), text) == MosquittoLibrary.success
    }

    /// Hands the list to one who frees it.
    mutating func release() -> OpaquePointer? {
        defer { list = nil }
        return list
    }
}
