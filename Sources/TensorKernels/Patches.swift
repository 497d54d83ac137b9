internal import CKernels

/// What a layer reads of its input: `rows` places, each of `segments` runs of `length` elements; strides in elements.
///
/// On channels-last data a convolution is a product whose rows overlap (row stride = stride · channels), without any
/// copying: one run of kernel · channels, or where it is dilated one of the channels for each tap.
package struct Patches: Equatable {
    package var rows: Int
    package var rowStride: Int
    package var segments: Int
    package var segmentStride: Int
    package var length: Int
    /// 2 where an int8 product keeps the larger of every two rows, of which there is then an even number; otherwise 1.
    package var pool = 1

    package init(rows: Int, rowStride: Int, segments: Int = 1, segmentStride: Int = 0, length: Int) {
        self.rows = rows
        self.rowStride = rowStride
        self.segments = segments
        self.segmentStride = segmentStride
        self.length = length
    }

    /// Inputs of one output.
    package var depth: Int { segments * length }

    var c: ck_patches {
        ck_patches(
            rows: rows, row_stride: rowStride, segments: segments, segment_stride: segmentStride, length: length,
            pool: pool)
    }
}
