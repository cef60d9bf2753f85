import SwiftUI

@main
struct ClassifierApp: App {
  var body: some Scene {
    WindowGroup { ContentView() }
  }
}

/// The camera, and what it sees.
struct ContentView: View {
  @StateObject private var camera = Camera()

  var body: some View {
    ZStack(alignment: .bottom) {
      CameraView(session: camera.session).ignoresSafeArea()
      Text(camera.text)
        .font(.title2)
        .foregroundStyle(.white)
        .frame(maxWidth: .infinity, alignment: .leading)
        .padding()
        .background(.black.opacity(0.6))
    }
    .task { await camera.start() }
  }
}
