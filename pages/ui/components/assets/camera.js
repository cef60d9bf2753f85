// The camera of whoever looks at the page: click for one picture, hold for several.

const HOLD_MS = 350 // pressed for so long, the shutter goes on by itself
const BURST_MS = 125 // between two pictures then: 8 a second
const JPEG_QUALITY = 0.9
const PATIENCE_MS = 60_000 // a page that has said nothing by then will say nothing
const CAMERA_ICON = "M2 5.5h2.6L6 3.5h4l1.4 2H14v7H2zM8 11.2a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z"
const FAILURES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
}

const cameras = new WeakMap()
const caught = new Map() // what was caught and not yet added, by the component's key: it outlives the element

class Camera {
  constructor(root, key) {
    if (!caught.has(key)) caught.set(key, { pictures: [], bursts: 0, serial: 0, sent: 0 })
    this.memory = caught.get(key)
    this.canvas = document.createElement("canvas")
    this.build(root)
  }

  build(root) {
    this.sentence = element("p")
    this.on = button("dr-button", () => this.start())
    this.off = element("div", { class: "dr-off" }, icon(CAMERA_ICON), this.sentence, this.on)
    this.video = element("video", { autoplay: "", playsinline: "" })
    this.video.muted = true
    this.video.addEventListener("loadeddata", () => this.ready())
    this.choice = element("select")
    this.choice.addEventListener("change", () => this.start(this.choice.value))
    this.shutter = button("dr-shutter", () => {})
    this.end = button("dr-button", () => this.stop())
    const left = element("div", {}, this.choice)
    this.live = element(
      "div",
      { class: "dr-live" },
      this.video,
      element("div", { class: "dr-controls" }, left, this.shutter, this.end),
    )
    this.hint = element("p", { class: "dr-hint", role: "status" })
    this.number = element("span", { class: "dr-number", role: "status" })
    this.dropAll = button("dr-button dr-plain", () => this.drop(...this.memory.pictures))
    this.add = button("dr-button dr-primary", () => this.send())
    this.row = element("div", { class: "dr-caught-row" }, this.number, this.dropAll, this.add)
    this.strip = element("ul", { class: "dr-strip" })
    root.append(this.off, this.live, this.hint, this.row, this.strip)
    root.addEventListener("keydown", event => event.stopPropagation()) // R would run Streamlit's page again
    this.holdable()
    for (const picture of this.memory.pictures) this.strip.append(this.item(picture))
  }

  /** Pressing takes a picture at once; while it stays pressed, by whatever hand, more follow. */
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

  // ---- What Python says ----

  update(data) {
    Object.assign(this, { data, words: data.words, isGone: false })
    const { memory } = this
    if (memory.sent && data.answered >= memory.sent) {
      this.drop(...memory.pictures)
      memory.bursts = 0
    }
    if (data.seen >= memory.sent) this.settle()
    memory.serial = Math.max(memory.serial, data.seen)
    this.draw()
  }

  /** The page has said what became of the pictures that were sent. */
  settle() {
    clearTimeout(this.waiting)
    this.memory.sent = 0
  }

  leave() {
    this.isGone = true
    clearTimeout(this.waiting)
    this.memory.sent = 0 // nobody waits for an answer any more
    this.stop()
  }

  // ---- The camera ----

  async start(deviceId) {
    this.stop()
    if (!window.isSecureContext || !navigator.mediaDevices) return this.fail("insecure")
    this.isAsking = true
    this.draw()
    try {
      const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } }
      const size = { width: { ideal: 1280 }, height: { ideal: 960 } }
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, ...size } })
      if (this.isGone) return stopTracks(stream)
      await this.show(stream)
    } catch (error) {
      this.fail(FAILURES[error.name] ?? "other", error.message)
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
    const { facingMode, deviceId } = track.getSettings()
    this.live.classList.toggle("dr-mirrored", facingMode !== "environment")
    const devices = await navigator.mediaDevices.enumerateDevices()
    const found = devices.filter(device => device.kind === "videoinput")
    this.choice.replaceChildren(
      ...found.map((device, place) =>
        element(
          "option",
          { value: device.deviceId },
          device.label || fill(this.words.camera_number, { n: place + 1 }),
        ),
      ),
    )
    this.choice.value = deviceId
    this.choice.hidden = found.length < 2
    this.isAsking = false
    this.draw()
  }

  /** There is something to be seen. */
  ready() {
    this.isReady = true
    this.draw()
    this.shutter.focus()
  }

  stop() {
    this.release()
    stopTracks(this.stream)
    this.stream = this.video.srcObject = undefined
    this.isAsking = this.isReady = false
    this.failure = undefined
    if (!this.isGone && this.words) this.draw()
  }

  fail(kind, reason = "") {
    this.isAsking = false
    this.failure = fill(this.words[kind], { reason })
    this.draw()
  }

  // ---- Catching pictures ----

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

  /** Keep what the camera shows now: as it is, not mirrored, and small. */
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
    this.live.classList.remove("dr-caught")
    void this.live.offsetWidth // else the flash would not start again
    this.live.classList.add("dr-caught")
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
    const drop = button("dr-drop", () => {
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

  // ---- What is seen ----

  draw() {
    const { words, data, memory } = this
    const n = memory.pictures.length
    const isLive = Boolean(this.stream)
    const isSending = memory.sent > 0
    const isFull = n >= data.limit
    this.off.hidden = isLive
    this.off.classList.toggle("dr-failed", Boolean(this.failure))
    this.sentence.textContent = this.failure ?? (this.isAsking ? words.asking : words.about)
    this.on.textContent = this.failure ? words.retry : words.start
    this.on.hidden = this.isAsking
    this.live.hidden = !isLive
    this.end.textContent = words.stop
    this.choice.setAttribute("aria-label", words.camera)
    this.shutter.setAttribute("aria-label", words.shutter)
    this.shutter.title = words.shutter
    this.shutter.disabled = isFull || isSending || !this.isReady
    if (this.shutter.disabled) this.release()
    const warning = this.isSilent ? words.silent : isFull ? fill(words.full, { n }) : ""
    this.hint.textContent = warning || words.hint
    this.hint.classList.toggle("dr-warning", warning !== "")
    this.hint.hidden = !isLive && !warning
    this.row.hidden = n === 0
    this.number.textContent = counted(words.taken, n)
    this.dropAll.textContent = words.drop_all
    this.dropAll.disabled = isSending
    this.add.textContent = isSending ? words.adding : counted(words.add, n)
    this.add.disabled = isSending || memory.pictures.some(picture => !picture.blob)
    this.strip.hidden = n === 0
    this.strip.setAttribute("aria-label", words.caught)
    this.strip.querySelectorAll(".dr-drop").forEach((drop, place) => {
      drop.setAttribute("aria-label", fill(words.drop, { n: place + 1 }))
      drop.disabled = isSending
    })
  }
}

function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop()
}

function button(className, onClick) {
  const made = element("button", { type: "button", class: className })
  made.addEventListener("click", onClick)
  return made
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".dr-camera")
  const camera = cameras.get(root) ?? new Camera(root, data.key)
  cameras.set(root, camera)
  camera.deliver = message => setTriggerValue("pictures", message)
  camera.update(data)
  return cleanup(camera, () => camera.leave())
}
