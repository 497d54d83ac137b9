import Testing

@testable import Compression

@Suite("Compression recipes")
struct RecipeTests {
    @Test("A recipe is read with its settings and written as it is read")
    func reading() throws {
        let recipe = try CompressionRecipe(
            "channels:0.5:norm:rounds=2,low-rank:0.9,low-rank:3000,prune:0.6:layer,int8:min-max")
        #expect(
            recipe.steps == [
                .channels(keep: 0.5, score: .norm, rounds: 2), .lowRank(.energy(0.9)), .lowRank(.parameters(3000)),
                .prune(sparsity: 0.6, scope: .layer, stages: 4),
            ])
        #expect(recipe.calibration == .minMax && recipe.changesNetwork && recipe.keptShare == 0.5)
        #expect(try CompressionRecipe(recipe.text) == recipe)
        #expect(try CompressionRecipe("int8") == .int8 && CompressionRecipe.int8.text == "int8")
        #expect(try CompressionRecipe("prune:0.5").text == "prune:0.5:global:stages=4,int8")
        #expect(try CompressionRecipe("int8:percentile=99.9").calibration == .percentile(99.9))
        #expect(try !CompressionRecipe("prune:0.5").changesNetwork)
    }

    @Test(
        "A step that is none, or without its numbers, is refused by name",
        arguments: [
            "", "shrink:2", "channels", "channels:1.5", "channels:0.5:best", "channels:0.5:rounds=0", "low-rank:1.5",
            "low-rank:0.5:x", "prune:0", "prune:0.5:stages=x", "int8,prune:0.5", "int8:max", "int8:percentile=20",
        ])
    func refusal(text: String) {
        do {
            let recipe = try CompressionRecipe(text)
            Issue.record("\(recipe) was read of \(text)")
        } catch {
            #expect(error.code == .badRecipe)
            #expect(error.message.contains("\"\(text.split(separator: ",").first ?? "")\""))
        }
    }
}
