import Foundation

/// The network's numbers for a picture. The score is higher for pictures of none of the classes.
struct Outputs {
  var probabilities: [Double]
  var score: Double?
}

struct Answer: Equatable {
  /// The most probable first.
  var labels: [Int]
  var isStranger: Bool
  var isUnsure: Bool
}

/// Classes and limits of a classifier: the facts that Darkroom writes into the model.
struct Labels {
  let classNames: [String]
  let inputSize: Int
  private let hasSeveral: Bool
  /// Probability from which each class is answered.
  private let thresholds: [Double?]
  private let strangerLimit: Double?
  private let leastConfidence: Double?

  init(json: Data) throws {
    let facts = try JSONDecoder().decode(Facts.self, from: json)
    classNames = facts.class_names
    inputSize = facts.input_size
    hasSeveral = facts.task == "multi_label"
    thresholds = facts.thresholds ?? facts.class_names.map { _ in nil }
    strangerLimit = facts.stranger_limit
    leastConfidence = facts.least_confidence
  }

  /// The rule that turns the network's numbers into an answer; that of predict.py in Darkroom's Python bundle.
  func answer(to outputs: Outputs) -> Answer {
    let probabilities = outputs.probabilities
    let order = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
    let chosen =
      hasSeveral
      ? order.filter { probabilities[$0] >= thresholds[$0] ?? 1 } : [best(of: probabilities, in: order)]
    let confidence =
      hasSeveral
      ? order.reduce(1) { $0 * (chosen.contains($1) ? probabilities[$1] : 1 - probabilities[$1]) }
      : probabilities[chosen[0]]
    var isStranger = false
    if let strangerLimit, let score = outputs.score { isStranger = score > strangerLimit }
    return Answer(labels: chosen, isStranger: isStranger, isUnsure: confidence < leastConfidence ?? 0)
  }

  func sentence(for outputs: Outputs) -> String {
    let answer = answer(to: outputs)
    if answer.isStranger || answer.labels.isEmpty { return "None of the classes" }
    let shown = answer.labels.map { "\(classNames[$0]) \(Int(100 * outputs.probabilities[$0]))%" }
    return shown.joined(separator: ", ") + (answer.isUnsure ? " (unsure)" : "")
  }

  /// Of the classes that reach their threshold, the one that exceeds it by the greatest factor; if none does, the
  /// most probable class without a threshold.
  private func best(of probabilities: [Double], in order: [Int]) -> Int {
    let factor = { (index: Int) in probabilities[index] / max(thresholds[index] ?? 1, 1e-9) }
    let limited = order.filter { thresholds[$0] != nil }
    let reached = limited.filter { probabilities[$0] >= thresholds[$0] ?? 1 }
    if reached.isEmpty, let open = order.first(where: { thresholds[$0] == nil }) { return open }
    let candidates = reached.isEmpty ? limited : reached
    return candidates.max { factor($0) < factor($1) } ?? order[0]
  }

  private struct Facts: Decodable {
    let class_names: [String]
    let input_size: Int
    let task: String
    let thresholds: [Double?]?
    let stranger_limit: Double?
    let least_confidence: Double?
  }
}

/// Average of outputs over frames: the newest frame counts with its share, the earlier ones with the rest.
struct Smoothing {
  var seconds = 0.3
  private var outputs: Outputs?
  private var time = 0.0

  mutating func take(_ fresh: Outputs, at now: Double) -> Outputs {
    let share = 1 - exp(-(now - time) / seconds)
    let mix = { (old: Double, new: Double) in old + share * (new - old) }
    var mixed = fresh
    if let old = outputs {
      mixed.probabilities = zip(old.probabilities, fresh.probabilities).map(mix)
      if let before = old.score, let after = fresh.score { mixed.score = mix(before, after) }
    }
    outputs = mixed
    time = now
    return mixed
  }
}
