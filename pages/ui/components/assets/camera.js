// Camera component: a click takes one picture, holding the button takes several.

// A shutter pressed for so long starts a burst.
const HOLD_MS = 350
// Between two pictures of a burst: 8 a second.
const BURST_MS = 125
const JPEG_QUALITY = 0.9
// Longest wait for an answer from the page.
const PATIENCE_MS = 60_000
const CAMERA_ICON = "M2 5.5h2.6L6 3.5h4l1.4 2H14v7H2zM8 11.2a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z"
const cameras = new WeakMap()
// Pictures not yet added, by the component's key. They outlive the element.
const memories = new Map()

class Camera {
  constructor(root, key) {
    if (!memories.has(key)) memories.set(key, { pictures: [], bursts: 0, serial: 0, sent: 0 })
    this.memory = memories.get(key)
    this.canvas = document.createElement("canvas")
    this.build(root)
  }

  build(root) {
    this.sentence = element("p")
    this.on = pressable("dr-button", () => this.start())
    this.off = element("div", { class: "dr-off" }, icon(CAMERA_ICON), this.sentence, this.on)
    this.video = element("video", { autoplay: "", playsinline: "" })
    this.video.muted = true
    this.video.addEventListener("loadeddata", () => this.ready())
    this.choice = element("select")
    this.choice.addEventListener("change", () => this.start(this.choice.value))
    this.shutter = pressable("dr-shutter", () => {})
    this.end = pressable("dr-button", () => this.stop())
    const left = element("div", {}, this.choice)
    this.live = element(
      "div",
      { class: "dr-live" },
      this.video,
      element("div", { class: "dr-controls" }, left, this.shutter, this.end),
    )
    this.hint = element("p", { class: "dr-hint", role: "status" })
    this.number = element("span", { class: "dr-number", role: "status" })
    this.dropAll = pressable("dr-button dr-plain", () => this.drop(...this.memory.pictures))
    this.add = pressable("dr-button dr-primary", () => this.send())
    this.row = element("div", { class: "dr-taken-row" }, this.number, this.dropAll, this.add)
    this.strip = element("ul", { class: "dr-strip" })
    root.append(this.off, this.live, this.hint, this.row, this.strip)
    root.addEventListener("keydown", event => event.stopPropagation()) // R would run Streamlit's page again
    this.holdable()
    for (const picture of this.memory.pictures) this.strip.append(this.item(picture))
  }

  /** Take a picture on press and more while the shutter stays pressed, by pointer or key. */
  holdable() {
    const { shutter } = this
    shutter.addEventListener("pointerdown", event => {
      if (event.button !== 0) return
      shutter.setPointerCapture(event.pointerId)
      this.press()
    })
    for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) {
      shutter.addEventListener(name, () => this.release())
    }
    shutter.addEventListener("contextmenu", event => event.preventDefault()) // a long touch would open one
    shutter.addEventListener("keydown", event => {
      if (event.key !== " " && event.key !== "Enter") return
      event.preventDefault()
      if (!event.repeat) this.press()
    })
    shutter.addEventListener("keyup", () => this.release())
  }

  // ---- Data from Python ----

  update(data) {
    Object.assign(this, { data, texts: data.texts, isGone: false })
    const { memory } = this
    if (memory.sent && data.answered >= memory.sent) {
      this.drop(...memory.pictures)
      memory.bursts = 0
    }
    if (data.seen >= memory.sent) this.settle()
    memory.serial = Math.max(memory.serial, data.seen)
    this.draw()
  }

  /** End the wait for an answer. */
  settle() {
    clearTimeout(this.waiting)
    this.memory.sent = 0
  }

  leave() {
    this.isGone = true
    clearTimeout(this.waiting)
    this.memory.sent = 0
    this.stop()
  }

  // ---- The camera ----

  async start(deviceId) {
    this.stop()
    if (!canUseCamera()) return this.fail("insecure")
    this.isAsking = true
    this.draw()
    try {
      const stream = await openCamera(deviceId, 1280, 960)
      if (this.isGone) return stopTracks(stream)
      await this.show(stream)
    } catch (error) {
      this.fail(CAMERA_FAILURES[error.name] ?? "other", error.message)
    }
  }

  async show(stream) {
    this.stream = stream
    this.lastFrame = -1
    const [track] = stream.getVideoTracks()
    track.addEventListener("ended", () => {
      if (this.stream !== stream) return
      this.stop()
      this.fail("lost")
    })
    this.video.srcObject = stream
    this.live.classList.toggle("dr-mirrored", isMirrored(stream))
    navigator.mediaDevices.addEventListener("devicechange", this.listCameras)
    await this.listCameras()
    this.isAsking = false
    this.draw()
  }

  /** Offer the connected cameras; another one may be connected at any time. */
  listCameras = async () => {
    const devices = await navigator.mediaDevices.enumerateDevices()
    if (!this.stream) return // turned off meanwhile
    const videoInputs = devices.filter(device => device.kind === "videoinput")
    this.choice.replaceChildren(
      ...videoInputs.map((device, index) =>
        element(
          "option",
          { value: device.deviceId },
          device.label || fill(this.texts.camera_number, { n: index + 1 }),
        ),
      ),
    )
    this.choice.value = this.stream.getVideoTracks()[0].getSettings().deviceId
    this.choice.hidden = videoInputs.length < 2
  }

  /** Enable the shutter: the first frame is visible. */
  ready() {
    this.isReady = true
    this.draw()
    this.shutter.focus()
  }

  stop() {
    this.release()
    navigator.mediaDevices?.removeEventListener("devicechange", this.listCameras)
    stopTracks(this.stream)
    this.stream = this.video.srcObject = undefined
    this.isAsking = this.isReady = false
    this.failure = undefined
    if (!this.isGone && this.texts) this.draw()
  }

  fail(kind, reason = "") {
    this.isAsking = false
    this.failure = fill(this.texts[kind], { reason })
    this.draw()
  }

  // ---- Taking pictures ----

  press() {
    if (this.shutter.disabled || this.isHeld) return
    this.isHeld = true
    this.shutter.classList.add("dr-held")
    this.memory.bursts += 1
    this.capture()
    this.holding = setTimeout(() => {
      this.burst = setInterval(() => this.capture(), BURST_MS)
    }, HOLD_MS)
  }

  release() {
    this.isHeld = false
    clearTimeout(this.holding)
    clearInterval(this.burst)
    this.shutter.classList.remove("dr-held")
  }

  /** Take the current frame: not mirrored, scaled down. */
  capture() {
    const { video, canvas, memory } = this
    const frame = video.getVideoPlaybackQuality().totalVideoFrames
    if (frame === this.lastFrame || memory.pictures.length >= this.data.limit) return
    this.lastFrame = frame
    const scale = Math.min(1, this.data.side / Math.max(video.videoWidth, video.videoHeight))
    canvas.width = Math.round(video.videoWidth * scale)
    canvas.height = Math.round(video.videoHeight * scale)
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height)
    const picture = { burst: memory.bursts }
    memory.pictures.push(picture)
    canvas.toBlob(blob => this.keep(picture, blob), "image/jpeg", JPEG_QUALITY)
    this.live.classList.remove("dr-flash")
    void this.live.offsetWidth // else the flash would not start again
    this.live.classList.add("dr-flash")
    this.draw()
  }

  keep(picture, blob) {
    picture.blob = blob
    picture.address = URL.createObjectURL(blob)
    if (!this.memory.pictures.includes(picture)) return
    this.strip.append(this.item(picture))
    this.strip.scrollLeft = this.strip.scrollWidth
    this.draw()
  }

  item(picture) {
    const drop = pressable("dr-drop", () => {
      const next = picture.item.nextElementSibling ?? picture.item.previousElementSibling
      this.drop(picture)
      ;(next?.querySelector("button") ?? this.shutter).focus()
    })
    drop.append(icon(ICONS.close))
    picture.item = element("li", {}, element("img", { src: picture.address, alt: "" }), drop)
    return picture.item
  }

  drop(...pictures) {
    for (const picture of pictures) {
      picture.item?.remove()
      if (picture.address) URL.revokeObjectURL(picture.address)
    }
    this.memory.pictures = this.memory.pictures.filter(picture => !pictures.includes(picture))
    this.draw()
  }

  async send() {
    const { memory } = this
    const serial = ++memory.serial
    memory.sent = serial
    this.isSilent = false
    this.draw()
    const pictures = await Promise.all(
      memory.pictures.map(async ({ blob, burst }) => ({ jpeg: await base64(blob), burst })),
    )
    this.deliver({ serial, session: this.data.session, pictures })
    this.waiting = setTimeout(() => {
      this.settle()
      this.isSilent = true
      this.draw()
    }, PATIENCE_MS)
  }

  // ---- Drawing ----

  draw() {
    const { texts, data, memory } = this
    const n = memory.pictures.length
    const isLive = Boolean(this.stream)
    const isSending = memory.sent > 0
    const isFull = n >= data.limit
    this.off.hidden = isLive
    this.off.classList.toggle("dr-failed", Boolean(this.failure))
    this.sentence.textContent = this.failure ?? (this.isAsking ? texts.asking : texts.about)
    this.on.textContent = this.failure ? texts.retry : texts.start
    this.on.hidden = this.isAsking
    this.live.hidden = !isLive
    this.end.textContent = texts.stop
    this.choice.setAttribute("aria-label", texts.camera)
    this.shutter.setAttribute("aria-label", texts.shutter)
    this.shutter.title = texts.shutter
    this.shutter.disabled = isFull || isSending || !this.isReady
    if (this.shutter.disabled) this.release()
    const warning = this.isSilent ? texts.silent : isFull ? fill(texts.full, { n }) : ""
    this.hint.textContent = warning || texts.hint
    this.hint.classList.toggle("dr-warning", warning !== "")
    this.hint.hidden = !isLive && !warning
    this.row.hidden = n === 0
    this.number.textContent = counted(texts.taken, n)
    this.dropAll.textContent = texts.drop_all
    this.dropAll.disabled = isSending
    this.add.textContent = isSending ? texts.adding : counted(texts.add, n)
    this.add.disabled = isSending || memory.pictures.some(picture => !picture.blob)
    this.strip.hidden = n === 0
    this.strip.setAttribute("aria-label", texts.pictures)
    this.strip.querySelectorAll(".dr-drop").forEach((drop, index) => {
      drop.setAttribute("aria-label", fill(texts.drop, { n: index + 1 }))
      drop.disabled = isSending
    })
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".dr-camera")
  const camera = cameras.get(root) ?? new Camera(root, data.key)
  cameras.set(root, camera)
  camera.deliver = message => setTriggerValue("pictures", message)
  camera.update(data)
  return cleanup(camera, () => camera.leave())
}
