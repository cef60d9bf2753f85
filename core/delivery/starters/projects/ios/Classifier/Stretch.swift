import CoreVideo

/// Pixels of one side that a stretched pixel is averaged from, with their weights.
private struct Window {
  let first: Int
  let shares: [Float]

  /// The filter widens as it shrinks.
  init(index: Int, length: Int, size: Int) {
    let scale = Double(length) / Double(size)
    let reach = max(1, scale)
    let center = (Double(index) + 0.5) * scale
    first = max(0, Int(center - reach + 0.5))
    let end = min(length, Int(center + reach + 0.5))
    let weights = (first..<end).map { max(0, 1 - abs(Double($0) + 0.5 - center) / reach) }
    let total = weights.reduce(0, +)
    shares = weights.map { Float($0 / total) }
  }
}

/// Stretches a picture to a square as Darkroom does it in training: Pillow's bilinear filter. Core ML's own scaling
/// looks at fewer pixels, so it would give other answers. Both pictures have 32 bits a pixel (BGRA).
func stretched(_ picture: CVPixelBuffer, to size: Int) throws -> CVPixelBuffer {
  var created: CVPixelBuffer?
  CVPixelBufferCreate(nil, size, size, kCVPixelFormatType_32BGRA, nil, &created)
  guard let square = created, CVPixelBufferGetPixelFormatType(picture) == kCVPixelFormatType_32BGRA else {
    throw ClassifierError.unreadablePicture
  }
  CVPixelBufferLockBaseAddress(picture, .readOnly)
  CVPixelBufferLockBaseAddress(square, [])
  defer {
    CVPixelBufferUnlockBaseAddress(square, [])
    CVPixelBufferUnlockBaseAddress(picture, .readOnly)
  }
  guard let source = CVPixelBufferGetBaseAddress(picture), let target = CVPixelBufferGetBaseAddress(square) else {
    throw ClassifierError.unreadablePicture
  }
  let (width, height) = (CVPixelBufferGetWidth(picture), CVPixelBufferGetHeight(picture))
  let rows = resizedAcross(
    source.assumingMemoryBound(to: UInt8.self), stride: CVPixelBufferGetBytesPerRow(picture), width: width,
    height: height, size: size)
  let stride = CVPixelBufferGetBytesPerRow(square)
  let line = 4 * size
  for y in 0..<size {
    let window = Window(index: y, length: height, size: size)
    for at in 0..<line {
      var sum: Float = 0.5
      for (offset, share) in window.shares.enumerated() { sum += share * rows[(window.first + offset) * line + at] }
      target.storeBytes(of: UInt8(sum), toByteOffset: y * stride + at, as: UInt8.self)
    }
  }
  return square
}

private func resizedAcross(
  _ source: UnsafePointer<UInt8>, stride: Int, width: Int, height: Int, size: Int
) -> [Float] {
  let windows = (0..<size).map { Window(index: $0, length: width, size: size) }
  var rows = [Float](repeating: 0, count: height * size * 4)
  for y in 0..<height {
    for (x, window) in windows.enumerated() {
      for colour in 0..<4 {
        var sum: Float = 0
        for (offset, share) in window.shares.enumerated() {
          sum += share * Float(source[y * stride + 4 * (window.first + offset) + colour])
        }
        rows[4 * (y * size + x) + colour] = sum
      }
    }
  }
  return rows
}
