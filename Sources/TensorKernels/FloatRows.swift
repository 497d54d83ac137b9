internal import CKernels

/// Rows of a float matrix that may overlap and that come in groups (the windows of a batch).
///
/// Row r starts `(r / rows) · groupStride + (r % rows) · rowStride` floats behind `base`. The memory belongs to whoever
/// made the value.
package struct FloatRows {
    package var base: UnsafeMutablePointer<Float>
    package var groupStride: Int
    package var rowStride: Int
    /// Rows of one group.
    package var rows: Int
    package var groups: Int

    package init(base: UnsafeMutablePointer<Float>, groupStride: Int = 0, rowStride: Int, rows: Int, groups: Int = 1) {
        precondition(rows > 0 && groups > 0, "a matrix has rows")
        self.base = base
        self.groupStride = groupStride
        self.rowStride = rowStride
        self.rows = rows
        self.groups = groups
    }

    package var count: Int { rows * groups }

    var c: ck_rows {
        ck_rows(base: base, group_stride: groupStride, row_stride: rowStride, rows: rows, groups: groups)
    }
}
