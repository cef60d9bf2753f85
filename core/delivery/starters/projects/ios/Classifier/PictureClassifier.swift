import CoreML
import CoreVideo

enum ClassifierError: LocalizedError {
  case noCamera, damagedModel, unreadablePicture

  var errorDescription: String? {
    switch self {
    case .noCamera: "This device has no camera."
    case .damagedModel: "The classifier in this app is damaged."
    case .unreadablePicture: "The camera's picture cannot be read."
    }
  }
}

/// The classifier in Classifier.mlpackage, which holds its labels. Use it from one thread at a time.
final class PictureClassifier {
  let labels: Labels
  private let model: MLModel

  init() throws {
    // Xcode compiles the package into this folder.
    guard let file = Bundle.main.url(forResource: "Classifier", withExtension: "mlmodelc") else {
      throw ClassifierError.damagedModel
    }
    model = try MLModel(contentsOf: file)
    let metadata = model.modelDescription.metadata[.creatorDefinedKey] as? [String: String]
    guard let facts = metadata?["darkroom"] else { throw ClassifierError.damagedModel }
    labels = try Labels(json: Data(facts.utf8))
  }

  /// Runs the network on an upright picture, 32 bits a pixel (BGRA).
  func outputs(of picture: CVPixelBuffer) throws -> Outputs {
    let square = try stretched(picture, to: labels.inputSize)
    let answers = try model.prediction(
      from: MLDictionaryFeatureProvider(dictionary: ["picture": MLFeatureValue(pixelBuffer: square)]))
    guard let probabilities = answers.featureValue(for: "probabilities") else { throw ClassifierError.damagedModel }
    return Outputs(
      probabilities: try list(probabilities),
      score: answers.featureValue(for: "stranger_score")?.multiArrayValue?[0].doubleValue)
  }

  /// Probabilities in the order of the classes; Core ML names them where a picture shows one class.
  private func list(_ value: MLFeatureValue) throws -> [Double] {
    if let array = value.multiArrayValue { return (0..<array.count).map { array[$0].doubleValue } }
    return try labels.classNames.map { name in
      guard let probability = value.dictionaryValue[name] else { throw ClassifierError.damagedModel }
      return probability.doubleValue
    }
  }
}
