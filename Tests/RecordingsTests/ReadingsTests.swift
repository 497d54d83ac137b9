import Foundation
import Testing

@testable import Recordings

@Suite("CSV readings of any layout become one table")
struct ReadingsTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func load(
        _ text: String, _ layout: ReadingsLayout = ReadingsLayout(labels: ["label"])
    ) throws -> ReadingsTable {
        try ReadingsLoader.load([folder.write("a.csv", text)], layout: layout)
    }

    @Test("Columns stand in any order, fields may be quoted, spaced or split by semicolons")
    func columns() throws {
        let layout = ReadingsLayout(labels: ["label"], group: "user", ignored: ["note"])
        for text in [
            "label,x,time,user,note,y\nwalk,1,0,u1,a,2\nsit,3,0.5,u1,\"b, c\",4\n",
            "label; x; time; user; note; y\n\"walk\"; 1; 0; u1; a; 2\nsit;\"3\";0.5;u1;\"b; c\";4\n\n\n",
        ] {
            let table = try load(text, layout)
            #expect(table.channels == ["x", "y"] && table.values == [1, 2, 3, 4])
            #expect(table.labels[0].values == ["walk", "sit"] && table.labels[0].rows == [0, 1])
            #expect(table.groupNames == ["u1"] && table.rate == 2 && table.isTimed && table.isGrouped)
        }
        let stray = try load("x,label\n1,5\" pipe\n1,\"\"\n")
        #expect(stray.labels[0].values == ["5\" pipe"] && stray.labels[0].rows == [0, -1])
        let quoted = try load("\"x \"\"1\"\"\",label\n\"1\",\"say \"\"hi\"\"\"\n")
        #expect(quoted.channels == ["x \"1\""] && quoted.labels[0].values == ["say \"hi\""])
    }

    @Test(
        "Time is found in every usual form",
        arguments: [
            ("t", "0", "0.05"), ("time_ms", "0", "50"), ("Timestamp", "1760000000000", "1760000000050"),
            ("timestamp", "1760000000000000000", "1760000000050000000"),
            ("time", "2025-10-09T08:53:20.00Z", "2025-10-09T08:53:20.05Z"), ("time", "1760000000.00", "1760000000.05"),
        ])
    func times(name: String, first: String, second: String) throws {
        let table = try load("\(name),x,label\n\(first),1,a\n\(second),2,b\n")
        #expect(table.channels == ["x"] && abs(table.rate - 20) < 0.01)
    }

    @Test("Groups, keys, files and gaps divide the rows, and no window goes across")
    func stretches() throws {
        var text = "t,x,user,label\n"
        for user in ["u1", "u2"] { for k in 0..<10 { text += "\(k < 5 ? k : k + 7),\(k),\(user),a\n" } }
        let table = try load(text, ReadingsLayout(labels: ["label"], group: "user"))
        #expect(table.stretches == [0, 5, 10, 15] && table.gaps == 2 && table.rate == 1)
        let cut = CutWindows(table, samples: 4, step: 1)
        #expect(cut.starts == [0, 1, 5, 6, 10, 11, 15, 16] && cut.groups == [0, 0, 0, 0, 1, 1, 1, 1])
    }

    @Test("Windows keep to one label, and those with missing values are left out and counted")
    func windows() throws {
        let table = try load("x,y,label\n1,1,a\n2,,a\n3,1,a\n4,1,a\n5,1,b\n6,1,b\n7,1,\n8,nan,\n")
        let cut = CutWindows(table, samples: 2, step: 1)
        #expect(cut.starts == [2, 4] && cut.labels == [[0, 1]] && cut.incomplete == 3 && cut.missing == [0, 3])
        let whole = CutWindows(table, samples: 2, step: 1, splitsAtLabels: false)
        #expect(whole.starts == [2, 3, 4, 5] && whole.labels == [[0, 1, 1, -1]])
    }

    @Test("Conditions are joined by their key, and contiguous equal ones are a group")
    func conditions() throws {
        let path = try folder.write("conditions.csv", "cycle,valve,pump\n1,100,0\n2,100,0\n3,90,0\n4,100,0\n")
        let conditions = try ConditionsTable(path: path, key: "cycle")
        let layout = ReadingsLayout(labels: ["valve", "pump"], key: "cycle")
        var text = "cycle,t,p\n"
        for cycle in 1...4 { for t in 0..<3 { text += "\(cycle),\(t),\(cycle * t)\n" } }
        let table = try ReadingsLoader.load([folder.write("r.csv", text)], layout: layout, conditions: conditions)
        #expect(table.channels == ["p"] && table.stretches == [0, 3, 6, 9])
        #expect(table.labels[0].values == ["100", "90"] && table.labels[1].values == ["0"])
        #expect(table.groupNames == ["block 1", "block 2", "block 3"])
        #expect(CutWindows(table, samples: 3, step: 3).groups == [0, 0, 1, 2])
        let unknown = try folder.write("u.csv", "cycle,t,p\n9,0,1\n")
        #expect(throws: RecordingError.self) {
            _ = try ReadingsLoader.load([unknown], layout: layout, conditions: conditions)
        }
    }

    @Test(
        "Each fault names file, line and what to do",
        arguments: [
            ("t,x\n0,1\n", 1, "no column \"label\" for the label; there are: t, x"),
            ("t,x,label\n0,1,a\n0.2,1,a\n0.1,1,a\n", 4, "--group"), ("t,x,label\n0,hi,a\n", 2, "--ignore x"),
            ("t,x,label\nnoon,1,a\n", 2, "ISO 8601"), ("t,label\n0,a\n", 1, "0 columns are left"),
            ("t,x,x,label\n", 1, "twice"), ("t,x,label\n", nil, "no row"), ("t,x,label\n0,1\n", 2, "fewer"),
        ] as [(String, Int?, String)])
    func faults(text: String, line: Int?, says: String) throws {
        let error = #expect(throws: RecordingError.self) { _ = try load(text) }
        #expect(error?.line == line && error?.message.contains(says) == true, "\(error!)")
    }

    @Test("Files that disagree about rate or columns are told")
    func disagreement() throws {
        func rows(_ rate: Double, _ header: String = "t,x,label") -> String {
            header + "\n" + (0..<5).map { "\(Double($0) / rate),1,a\n" }.joined()
        }
        let layout = ReadingsLayout(labels: ["label"])
        let first = try folder.write("a.csv", rows(20))
        for (text, says) in [(rows(25), "rate"), (rows(20, "t,y,label"), "no column \"x\"")] {
            let other = try folder.write("b.csv", text)
            let error = #expect(throws: RecordingError.self) {
                _ = try ReadingsLoader.load([first, other], layout: layout)
            }
            #expect(error?.code == .mixed && error?.message.contains(says) == true && error?.file == other)
        }
        let swapped = try folder.write("b.csv", "label,x,t\nb,5,0\nb,5,0.05\n")
        let table = try ReadingsLoader.load([first, swapped], layout: layout)
        #expect(
            table.labels[0].values == ["a", "b"] && table.fileNames == ["a", "b"] && table.groupNames == ["a", "b"])
    }
}
