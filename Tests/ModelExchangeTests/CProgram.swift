import ModelExchange

/// A main function around an exported student.
enum CProgram {
    /// Runs the self test, then prints the logits of windows, a line each.
    static func main(_ export: CExport, _ windows: [[Float]]) -> String {
        let (prefix, upper) = (export.prefix, export.prefix.uppercased())
        let rows = windows.map { "{" + $0.map { "\($0)f" }.joined(separator: ", ") + "}" }
        return """
            #include "\(prefix).h"
            #include <stdio.h>

            static const float windows[\(windows.count)][\(upper)_INPUTS] = {
            \(rows.joined(separator: ",\n"))
            };

            int main(void)
            {
                int32_t logits[\(upper)_OUTPUTS];
                if (\(prefix)_self_test())
                    return 2;
                for (int i = 0; i < \(windows.count); i++) {
                    if (\(prefix)_infer(windows[i], logits))
                        return 3;
                    for (int j = 0; j < \(upper)_OUTPUTS; j++)
                        printf("%ld ", (long)logits[j]);
                    printf("\\n");
                }
                return 0;
            }

            """
    }

    /// Reads what ``main(_:_:)`` printed.
    static func logits(_ text: String) -> [[Int32]] {
        text.split(separator: "\n").map { line in line.split(separator: " ").compactMap { Int32($0) } }
    }
}
