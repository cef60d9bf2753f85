// The page around a classifier: files, the clipboard and the camera in, answers out.

const VIDEO_SIZE = { width: 640, height: 480 }

/** Run the page. loading: promise of the classifier. texts: sentences by language. */
async function runPage(loading, texts) {
  const language = languageOf(navigator.languages, Object.keys(texts))
  document.documentElement.lang = language
  const page = new Page(texts[language])
  try {
    page.ready(await loading)
  } catch (error) {
    page.fail(fill(page.texts.broken, { reason: error.message }))
  }
}

/** The first wished language that there is, by its part before the hyphen; else the first one. */
function languageOf(wished, known) {
  const stem = name => name.toLowerCase().split("-")[0]
  return wished.map(wish => known.find(name => stem(name) === stem(wish))).find(Boolean) ?? known[0]
}

class Page {
  constructor(texts) {
    this.texts = texts
    this.parts = Object.fromEntries(Array.from(document.querySelectorAll("[id]"), node => [node.id, node]))
    for (const node of document.querySelectorAll("[data-text]"))
      node.textContent = texts[node.dataset.text] ?? ""
    this.say(texts.loading)
  }

  ready(classifier) {
    this.classifier = classifier
    this.live = new LiveClassifier(classifier, this.parts.video, (answer, rate) =>
      this.drawLive(answer, rate),
    )
    this.describe(classifier.labels)
    this.listen()
    this.parts.files.disabled = this.parts.start.disabled = false
    this.say("")
  }

  describe(labels) {
    const names = labels.class_names.join(", ")
    document.querySelector("[data-text=about]").textContent = fill(this.texts.about, { names })
    const facts = { run: labels.run, backbone: labels.backbone, classes: labels.class_names.length }
    const rows = Object.entries(facts).filter(([, value]) => value != null)
    this.parts.facts.replaceChildren(
      ...rows.flatMap(([name, value]) => [
        element("dt", {}, this.texts[name]),
        element("dd", {}, named(`${value}`)),
      ]),
    )
  }

  listen() {
    const { files, drop, start, stop, freeze, smoothing } = this.parts
    files.addEventListener("change", async () => {
      await this.add(Array.from(files.files))
      files.value = "" // the same file can be chosen again
    })
    document.addEventListener("paste", event => this.add(Array.from(event.clipboardData.files)))
    for (const name of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(name, event => {
        event.preventDefault()
        drop.classList.toggle("dr-over", name === "dragover")
        if (name === "drop") this.add(Array.from(event.dataTransfer.files))
      })
    }
    start.addEventListener("click", () => this.startCamera())
    stop.addEventListener("click", () => this.stopCamera())
    freeze.addEventListener("click", () => this.freeze())
    smoothing.addEventListener("input", () => this.smooth())
    this.smooth()
  }

  // ---- Files ----

  /** Classify pictures one after the other; the newest stands first. Those that cannot be read are named at the end. */
  async add(files) {
    const unreadable = []
    for (const [index, file] of files.entries()) {
      this.say(files.length > 1 ? fill(this.texts.working, { n: index + 1, count: files.length }) : "")
      try {
        await this.show(file, file.name)
      } catch (error) {
        unreadable.push(fill(this.texts.unreadable, { file: file.name, reason: error.message }))
      }
    }
    if (unreadable.length > 0) this.fail(unreadable.join("\n"))
    else this.say("")
  }

  async show(blob, name) {
    const answer = await this.classifier.classify(blob)
    const image = element("img", { src: URL.createObjectURL(blob), alt: name })
    image.addEventListener("load", () => URL.revokeObjectURL(image.src))
    const target = element("div")
    drawAnswer(target, answer, this.texts)
    const figure = element("figure", {}, image, element("figcaption", {}, named(name)))
    this.parts.results.prepend(element("li", { class: "side" }, figure, target))
  }

  // ---- The camera ----

  async startCamera() {
    if (!canUseCamera()) return this.fail(this.texts.insecure)
    this.say(this.texts.asking)
    try {
      this.stream = await openCamera(undefined, VIDEO_SIZE.width, VIDEO_SIZE.height)
    } catch (error) {
      return this.fail(fill(this.texts[CAMERA_FAILURES[error.name] ?? "other"], { reason: error.message }))
    }
    this.say("")
    this.stream.getVideoTracks()[0].addEventListener("ended", () => {
      this.stopCamera()
      this.fail(this.texts.lost)
    })
    this.parts.video.srcObject = this.stream
    this.parts.live.classList.toggle("dr-mirrored", isMirrored(this.stream))
    this.showLive(true)
    this.live.start()
  }

  stopCamera() {
    this.live.stop()
    stopTracks(this.stream)
    this.showLive(false)
    this.parts.start.focus()
  }

  showLive(isShown) {
    this.parts.live.hidden = !isShown
    this.parts.start.hidden = isShown
  }

  drawLive(answer, rate) {
    drawAnswer(this.parts["live-answer"], answer, this.texts)
    this.parts.rate.textContent = rate > 0 ? fill(this.texts.rate, { n: rate.toFixed(0) }) : ""
  }

  async freeze() {
    const { video } = this.parts
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
    canvas.getContext("2d").drawImage(video, 0, 0)
    await this.show(await canvas.convertToBlob(), this.texts.camera)
  }

  smooth() {
    this.live.smoothingSeconds = Number(this.parts.smoothing.value)
    this.parts["smoothing-shown"].textContent = `${this.live.smoothingSeconds} s`
  }

  // ---- Messages ----

  say(text) {
    this.parts.message.textContent = text
    this.parts.message.classList.remove("dr-failed")
  }

  fail(text) {
    this.say(text)
    this.parts.message.classList.add("dr-failed")
  }
}
