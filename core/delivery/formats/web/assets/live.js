// Live classification: the frames of a video, one after the other, with their average over time.

// Frames of which the rate is computed.
const RATE_FRAMES = 20

class LiveClassifier {
  /** onAnswer(answer, framesPerSecond) is called after each frame. */
  constructor(classifier, video, onAnswer) {
    Object.assign(this, { classifier, video, onAnswer })
    // Seconds after which a frame still counts with 37%; 0: each frame by itself.
    this.smoothingSeconds = 0.3
    this.times = []
  }

  async start() {
    // A loop waits for the next frame while the video is paused, and may wake after another start.
    const loop = {}
    this.loop = loop
    this.outputs = undefined
    this.times = []
    let next = nextFrame(this.video)
    while (this.loop === loop) {
      await next
      if (this.loop !== loop) return
      // Before the work: a frame that comes meanwhile is taken at once.
      next = nextFrame(this.video)
      const outputs = await this.classifier.outputs(this.video)
      if (this.loop === loop) this.take(outputs, performance.now())
    }
  }

  stop() {
    this.loop = undefined
  }

  take(outputs, now) {
    const seconds = (now - (this.times.at(-1) ?? now)) / 1000
    const share = this.smoothingSeconds > 0 ? 1 - Math.exp(-seconds / this.smoothingSeconds) : 1
    this.outputs = smoothed(this.outputs, outputs, share)
    this.times = [...this.times, now].slice(-RATE_FRAMES)
    this.onAnswer(this.classifier.answer(this.outputs), rate(this.times))
  }
}

/** Frames per second of points in time in milliseconds; 0 for fewer than two. */
function rate(times) {
  const milliseconds = times.at(-1) - times[0]
  return milliseconds > 0 ? (1000 * (times.length - 1)) / milliseconds : 0
}

function nextFrame(video) {
  return new Promise(resolve =>
    video.requestVideoFrameCallback
      ? video.requestVideoFrameCallback(resolve)
      : requestAnimationFrame(resolve),
  )
}
