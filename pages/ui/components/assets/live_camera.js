// Live camera component: the camera's picture is classified here, in the browser; a frozen frame goes to Python.

const FRAME_QUALITY = 0.92
const liveCameras = new WeakMap()
// Promises of loaded classifiers by their address. They outlive the element.
const loadedClassifiers = new Map()

class LiveCamera {
  constructor(root) {
    this.sentence = element("p", { role: "status" })
    this.on = pressable("dr-button dr-primary", () => this.start())
    this.off = element("div", { class: "dr-off" }, this.sentence, this.on)
    this.video = element("video", { autoplay: "", playsinline: "" })
    this.video.muted = true
    this.answer = element("div", { class: "dr-live-answer" })
    this.freezing = pressable("dr-button dr-primary", () => this.freeze())
    this.resuming = pressable("dr-button dr-primary", () => this.resume())
    this.end = pressable("dr-button", () => this.stop())
    this.rate = element("output")
    this.smoothing = element("input", { type: "range", min: 0, max: 2, step: 0.1, value: 0.3 })
    this.smoothing.addEventListener("input", () => this.smooth())
    this.seconds = element("output")
    this.name = element("span")
    this.summary = element("summary")
    this.live = element(
      "div",
      { class: "dr-watch" },
      element("div", { class: "dr-side" }, this.video, this.answer),
      element("div", { class: "dr-row" }, this.freezing, this.resuming, this.end, this.rate),
      element(
        "details",
        {},
        this.summary,
        element("label", {}, element("span", {}, this.name, " ", this.seconds), this.smoothing),
      ),
    )
    root.append(this.off, this.live)
    root.addEventListener("keydown", event => event.stopPropagation()) // R would run Streamlit's page again
  }

  update(data) {
    Object.assign(this, { texts: data.texts, address: data.address, isGone: false })
    this.draw()
  }

  leave() {
    this.isGone = true
    this.stop()
  }

  async start() {
    if (!canUseCamera()) return this.fail("insecure")
    this.said = this.texts.asking
    this.isStarting = true
    this.draw()
    let stream
    try {
      stream = await openCamera(undefined, 640, 480)
      this.said = this.texts.loading
      this.draw()
      const classifier = await classifierAt(this.address)
      if (this.isGone) return stopTracks(stream)
      this.show(stream, classifier)
    } catch (error) {
      stopTracks(stream)
      this.fail(CAMERA_FAILURES[error.name] ?? "other", error.message)
    }
  }

  show(stream, classifier) {
    this.stream = stream
    this.video.srcObject = stream
    this.live.classList.toggle("dr-mirrored", isMirrored(stream))
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      if (this.stream !== stream) return
      this.stop()
      this.fail("lost")
    })
    this.watcher = new LiveClassifier(classifier, this.video, (answer, rate) => {
      this.drawAnswer(answer)
      this.rate.textContent = rate > 0 ? fill(this.texts.rate, { n: rate.toFixed(0) }) : ""
    })
    this.isStarting = false
    this.said = undefined
    this.smooth()
    this.watcher.start()
    this.draw()
  }

  smooth() {
    const seconds = Number(this.smoothing.value)
    this.seconds.textContent = `${seconds} s`
    if (this.watcher) this.watcher.smoothingSeconds = seconds
  }

  /** Hold the current frame with its own answer, and hand it to Python, not mirrored. */
  async freeze() {
    this.watcher.stop()
    this.video.pause()
    const frame = {}
    this.frozen = frame
    // It is an average over earlier frames, which Python's answer would differ from.
    this.clearAnswer()
    this.draw()
    const { videoWidth, videoHeight } = this.video
    const canvas = new OffscreenCanvas(videoWidth, videoHeight)
    canvas.getContext("2d").drawImage(this.video, 0, 0)
    const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: FRAME_QUALITY })
    const jpeg = await base64(blob)
    if (this.frozen !== frame) return // the user went on meanwhile
    this.deliver(jpeg)
    const answer = await this.watcher.classifier.classify(blob)
    if (this.frozen === frame) this.drawAnswer(answer)
  }

  resume() {
    this.frozen = undefined
    this.deliver(null)
    this.video.play()
    this.watcher.start()
    this.draw()
  }

  stop() {
    this.watcher?.stop()
    stopTracks(this.stream)
    this.stream = this.video.srcObject = undefined
    if (this.frozen && !this.isGone) this.deliver(null)
    this.frozen = undefined
    this.isStarting = false
    if (!this.isGone) this.draw()
  }

  fail(kind, reason = "") {
    this.isStarting = false
    this.said = fill(this.texts[kind], { reason })
    this.draw()
  }

  drawAnswer(answer) {
    this.answer.style.minHeight = ""
    drawAnswer(this.answer, answer, this.texts)
  }

  /** Remove the answer and keep its room, so that nothing below it jumps. */
  clearAnswer() {
    this.answer.style.minHeight = `${this.answer.offsetHeight}px`
    this.answer.replaceChildren()
  }

  draw() {
    const { texts } = this
    const isFrozen = Boolean(this.frozen)
    const isLive = Boolean(this.stream)
    this.off.hidden = isLive
    this.live.hidden = !isLive
    this.sentence.textContent = this.said ?? texts.about
    this.on.textContent = texts.start
    this.on.hidden = Boolean(this.isStarting)
    this.freezing.textContent = texts.freeze
    this.freezing.hidden = isFrozen
    this.resuming.textContent = texts.resume
    this.resuming.hidden = !isFrozen
    this.rate.hidden = isFrozen
    this.end.textContent = texts.stop
    this.summary.textContent = texts.advanced
    this.name.textContent = texts.smoothing
  }
}

/** The classifier whose files are at an address; loaded once. A failure is forgotten, so that it can be tried again. */
function classifierAt(address) {
  if (!loadedClassifiers.has(address)) {
    const loading = loadClassifier(async name => {
      const response = await fetch(address + name)
      if (!response.ok) throw new Error(`${name}: ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    })
    loading.catch(() => loadedClassifiers.delete(address))
    loadedClassifiers.set(address, loading)
  }
  return loadedClassifiers.get(address)
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".dr-live-camera")
  const camera = liveCameras.get(root) ?? new LiveCamera(root)
  liveCameras.set(root, camera)
  camera.deliver = jpeg => setStateValue("frame", jpeg)
  camera.update(data)
  return cleanup(camera, () => camera.leave())
}
