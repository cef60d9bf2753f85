import AVFoundation
import SwiftUI

/// Frames of the camera, one after the other, through the classifier.
final class Camera: NSObject, ObservableObject, AVCaptureVideoDataOutputSampleBufferDelegate {
  @Published private(set) var text = ""
  let session = AVCaptureSession()
  private let queue = DispatchQueue(label: "camera")
  private var classifier: PictureClassifier?
  private var smoothing = Smoothing()

  func start() async {
    guard await AVCaptureDevice.requestAccess(for: .video) else {
      await show("This app needs the camera. Allow it in Settings.")
      return
    }
    do {
      let classifier = try PictureClassifier()
      queue.sync { self.classifier = classifier }
      try connect()
    } catch {
      await show(error.localizedDescription)
      return
    }
    queue.async { self.session.startRunning() }
  }

  private func connect() throws {
    guard let device = AVCaptureDevice.default(for: .video) else { throw ClassifierError.noCamera }
    session.sessionPreset = .vga640x480
    session.addInput(try AVCaptureDeviceInput(device: device))
    let output = AVCaptureVideoDataOutput()
    output.videoSettings = [kCVPixelBufferPixelFormatTypeKey as String: kCVPixelFormatType_32BGRA]
    output.alwaysDiscardsLateVideoFrames = true
    output.setSampleBufferDelegate(self, queue: queue)
    session.addOutput(output)
    // Upright, as pictures were in training.
    output.connection(with: .video)?.videoRotationAngle = 90
  }

  func captureOutput(
    _ output: AVCaptureOutput, didOutput buffer: CMSampleBuffer, from connection: AVCaptureConnection
  ) {
    guard let classifier, let picture = CMSampleBufferGetImageBuffer(buffer) else { return }
    let sentence: String
    do {
      let time = CMSampleBufferGetPresentationTimeStamp(buffer).seconds
      let average = smoothing.take(try classifier.outputs(of: picture), at: time)
      sentence = classifier.labels.sentence(for: average)
    } catch {
      sentence = error.localizedDescription
    }
    Task { await show(sentence) }
  }

  @MainActor private func show(_ sentence: String) { text = sentence }
}

/// The camera's picture on the screen.
struct CameraView: UIViewRepresentable {
  let session: AVCaptureSession

  func makeUIView(context: Context) -> PreviewView {
    let view = PreviewView()
    view.preview.session = session
    view.preview.videoGravity = .resizeAspectFill
    return view
  }

  func updateUIView(_ view: PreviewView, context: Context) {}

  final class PreviewView: UIView {
    override class var layerClass: AnyClass { AVCaptureVideoPreviewLayer.self }
    var preview: AVCaptureVideoPreviewLayer { layer as! AVCaptureVideoPreviewLayer }
  }
}
