import ModelArtifact

/// The header of a C export.
struct CHeader {
    let student: Student
    let prefix: String
    let digest: String
    let arenaBytes: Int

    private var task: TaskDocument { student.task }
    private var upper: String { prefix.uppercased() }

    var text: String {
        """
        /* \(prefix).h: the student "\(task.name)", written by retort export.
         *
         * Student: SHA-256 \(digest)
         * Window:  \(task.window) samples x \(task.channels.count) channels at \(task.rate) Hz: \(channels)
         *
         * The functions work in one static arena: one caller at a time. */
        #ifndef \(upper)_H
        #define \(upper)_H

        #include <stdint.h>

        #ifdef __cplusplus
        extern "C" {
        #endif

        #define \(upper)_SAMPLES \(student.spec.samples)
        #define \(upper)_CHANNELS \(student.spec.channels)
        #define \(upper)_INPUTS \(student.spec.samples * student.spec.channels)
        #define \(upper)_OUTPUTS \(student.spec.outputs)
        /* Bytes of the static arena. */
        #define \(upper)_ARENA_BYTES \(arenaBytes)
        /* Real logit = integer logit x this. */
        #define \(upper)_LOGIT_SCALE \(CText.float(student.layers.last?.outputScale ?? 1))

        /* Infers a window in the task's units: (samples x channels), row-major.
         * Returns 0, or -1 where a value is not finite; the logits are then untouched. */
        int \(prefix)_infer(const float *window, int32_t *logits);

        /* Infers a window that is quantised already. */
        void \(prefix)_infer_quantised(const uint8_t *window, int32_t *logits);

        /* Quantises a window as inference does: clamp(round((x - mean) * factor) + 128, 0, 255), ties to even.
         * Returns 0, or -1 where a value is not finite. */
        int \(prefix)_quantise(const float *window, uint8_t *quantised);

        /* Infers the golden vectors of the student's file. Returns 0, or the number (from 1) of the first that fails. */
        int \(prefix)_self_test(void);

        \(answers)
        #ifdef __cplusplus
        }
        #endif

        #endif

        """
    }

    private var channels: String {
        CText.comment(
            task.channels.map { $0.unit.isEmpty ? $0.name : "\($0.name) (\($0.unit))" }.joined(separator: ", "))
    }

    /// What stands for the task's kind of answer.
    private var answers: String {
        switch task.kind {
        case .classification:
            """
            extern const char *const \(prefix)_classes[\(upper)_OUTPUTS];

            /* Index of the highest logit, the lowest of equals. */
            int \(prefix)_class(const int32_t *logits);

            """
        case .multiHead:
            """
            /* Classes of all heads, one head after the other. */
            extern const char *const \(prefix)_classes[\(upper)_OUTPUTS];

            #define \(upper)_HEADS \(task.heads.count)
            extern const char *const \(prefix)_heads[\(upper)_HEADS];

            /* Index, among all classes, of the highest logit of a head; the lowest of equals. */
            int \(prefix)_class(const int32_t *logits, int head);

            """
        case .regression:
            """
            /* The predicted \(CText.comment(task.target.map { "\($0.name) (\($0.unit))" } ?? "value")). */
            float \(prefix)_value(const int32_t *logits);

            """
        }
    }
}
