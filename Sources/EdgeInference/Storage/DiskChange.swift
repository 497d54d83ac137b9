/// A change that is about to be made to files that must survive a loss of power.
enum DiskChange: Sendable, Equatable {
    case makeFolder(String)
    /// A file is opened to be written: made where it is missing, and emptied unless it is to be gone on with.
    case open(String, empties: Bool)
    /// Space is taken for a file.
    case reserve(String, bytes: Int)
    case write(String, offset: Int, [UInt8])
    /// A file's bytes are brought to the disk.
    case flush(String)
    case rename(String, to: String)
    case remove(String)
    /// What was made, renamed and removed in a folder is brought to the disk.
    case flushFolder(String)
}

/// Hears of every change before it is made, and may refuse it as a disk would: so a test cuts the power at each of them.
protocol DiskWatcher: Sendable {
    func will(_ change: DiskChange) throws(EdgeError)
}
