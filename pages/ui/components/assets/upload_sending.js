// Upload client for tus 1.0: sends files in chunks and resumes after a dropped connection.
//
// The browser reads one chunk of a file at a time, straight into the request.

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
const CONFLICT_WAIT_MS = 250
// A connection without a byte for so long is dead.
const STALLED_MS = 60_000
const SPEED_WINDOW_MS = 10_000
const SPEED_AFTER_MS = 1500

// By the component's key. An upload continues while the user visits another page.
window.darkroomUploads ??= new Map()
const sendings = window.darkroomUploads

class Cancelled extends Error {}

class Sending {
  constructor(data, files) {
    this.data = data // the newest from Python
    this.files = files
    this.total = files.reduce((sum, item) => sum + item.file.size, 0)
    this.request = newRequest()
    this.status = "asking" // sending, paused, waiting, failed, done, cancelled
    this.arrived = 0 // bytes that the server has confirmed
    this.finished = 0 // files
    this.flying = new Map() // bytes in transit, by file
    this.running = new Set() // XMLHttpRequests
    this.failures = 0 // in a row
    this.samples = []
    this.notice = null
  }

  get name() {
    const tops = new Set(this.files.map(item => item.path.split("/")[0]))
    return tops.size === 1 ? [...tops][0] : null
  }

  get sent() {
    let flying = 0
    for (const bytes of this.flying.values()) flying += bytes
    return Math.min(this.total, this.arrived + flying)
  }

  get isActive() {
    return ["asking", "sending", "paused", "waiting"].includes(this.status)
  }

  // Resume the upload that this tab began before a reload, or ask Python for a new ticket.
  async begin() {
    window.addEventListener("beforeunload", this.warn)
    this.ticket = recall(this)
    if (this.ticket) {
      const isForgotten = await this.locate().then(
        () => false,
        ({ status }) => [403, 404].includes(status),
      )
      if (this.status !== "asking") return
      if (!isForgotten) return this.run()
      this.ticket = null
    }
    this.changed()
  }

  warn = event => event.preventDefault()

  allow(answer) {
    this.ticket = { upload: answer.upload, token: answer.token }
    remember(this)
    this.run()
  }

  // Send all files over a few connections.
  async run() {
    this.becomes("sending")
    this.arrived = 0
    this.finished = 0
    const queue = [...this.files]
    const connection = async () => {
      for (let item = queue.shift(); item; item = queue.shift()) await this.send(item)
    }
    const connections = Array.from(
      { length: Math.min(this.data.route.connections, queue.length) },
      connection,
    )
    const bug = (await Promise.allSettled(connections)).find(
      ({ reason }) => reason && !(reason instanceof Cancelled),
    )
    if (bug) this.fail(this.data.texts.failures.unknown, bug.reason.message)
    else if (this.isActive) this.end("done")
  }

  async send(item) {
    item.offset = 0
    // Undefined: not announced yet, or the server must be asked.
    let offset
    while (!(item.address && offset === item.file.size)) {
      await this.gate()
      try {
        if (!item.address) offset = await this.announce(item)
        else if (offset === undefined) offset = await this.offsetOf(item)
        else offset = await this.append(item, offset)
        if (offset > item.offset) this.failures = 0
        this.arrived += offset - item.offset
        item.offset = offset
      } catch (problem) {
        offset = undefined
        await this.recover(problem, item)
      }
    }
    this.finished += 1
  }

  async gate() {
    while (this.pausing) await this.pausing.promise
    if (!this.isActive) throw new Cancelled()
  }

  // Wait before the next try, or fail with a sentence.
  async recover(problem, item) {
    if (this.pausing || !this.isActive) return
    const { failures } = this.data.texts
    if (failures[problem.status]) return this.fail(failures[problem.status], problem.error)
    if (problem.status === 0 && !(await isReadable(item, item.offset))) {
      return this.fail(failures.unreadable, item.path)
    }
    if (problem.offset !== undefined) return delay(CONFLICT_WAIT_MS)
    this.outage ??= this.waitOut().finally(() => {
      this.outage = null
    })
    await this.outage
  }

  async waitOut() {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures)
    this.failures += 1
    this.tryAt = Date.now() + wait
    this.becomes("waiting")
    const { promise, resolve } = deferred()
    this.tryNow = resolve
    window.addEventListener("online", resolve)
    const timer = setTimeout(resolve, wait)
    await promise
    clearTimeout(timer)
    window.removeEventListener("online", resolve)
    if (this.status === "waiting") this.becomes("sending")
  }

  pause() {
    this.pausing = deferred()
    this.becomes("paused")
    this.interrupt()
  }

  resume() {
    this.becomes("sending")
    const { resolve } = this.pausing
    this.pausing = null
    resolve()
  }

  again() {
    this.failures = 0
    this.request = newRequest()
    window.addEventListener("beforeunload", this.warn)
    if (this.ticket) this.run()
    else this.becomes("asking")
  }

  cancel() {
    this.end("cancelled")
    this.leave()
    if (this.ticket) this.call("DELETE", this.collection).catch(() => {}) // otherwise removed a day later
  }

  // Forget the upload: nothing is left to do here.
  leave() {
    sendings.delete(this.data.key)
    sessionStorage.removeItem(storageKey(this))
  }

  fail(sentence, detail = "") {
    this.end("failed")
    this.notice = fill(sentence, { detail })
    this.changed()
  }

  end(status) {
    this.becomes(status)
    window.removeEventListener("beforeunload", this.warn)
    this.pausing?.resolve()
    this.pausing = null
    this.interrupt()
  }

  becomes(status) {
    this.status = status
    this.samples = []
    this.notice = null
    this.changed()
  }

  interrupt() {
    for (const running of [...this.running]) running.abort()
    this.tryNow?.()
  }

  changed() {
    this.view?.()
  }

  get collection() {
    return new URL(`${this.data.route.address}/${this.ticket.upload}/`, location.href).href
  }

  // Find the files that the server knows from before a reload.
  async locate() {
    const { reply } = await this.call("GET", this.collection)
    const ids = new Map(reply.map(file => [file.path, file.id]))
    for (const item of this.files) {
      const id = ids.get(item.path.toWellFormed?.() ?? item.path)
      item.address = id && new URL(id, this.collection).href
    }
  }

  // A file of one chunk is sent with its announcement.
  async announce(item) {
    const { file } = item
    const headers = { "Upload-Length": file.size, "Upload-Metadata": `filename ${base64Text(item.path)}` }
    const isSmall = file.size > 0 && file.size <= this.data.route.chunkBytes
    const { header } = await this.transfer(item, "POST", this.collection, headers, isSmall ? file : null)
    item.address = new URL(header("Location"), this.collection).href
    return Number(header("Upload-Offset"))
  }

  async offsetOf(item) {
    const { header } = await this.call("HEAD", item.address)
    return Number(header("Upload-Offset"))
  }

  async append(item, offset) {
    const body = item.file.slice(offset, offset + this.data.route.chunkBytes)
    const { header } = await this.transfer(item, "PATCH", item.address, { "Upload-Offset": offset }, body)
    return Number(header("Upload-Offset"))
  }

  // Send a request and count its bytes as in transit.
  async transfer(item, method, address, headers, body) {
    const type = body && { "Content-Type": "application/offset+octet-stream" }
    const onProgress = bytes => this.flying.set(item, bytes)
    try {
      return await this.call(method, address, { headers: { ...headers, ...type }, body, onProgress })
    } finally {
      this.flying.delete(item)
    }
  }

  // Send a request. Rejects with {status, error, offset}; status 0 is a failed connection.
  call(method, address, { headers = {}, body = null, onProgress } = {}) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest()
      let stalled
      const stillAlive = () => {
        clearTimeout(stalled)
        stalled = setTimeout(() => request.abort(), STALLED_MS)
      }
      request.open(method, address)
      const own = { [this.data.route.tokenHeader]: this.ticket.token, "Tus-Resumable": "1.0.0" }
      for (const [name, value] of Object.entries({ ...own, ...headers }))
        request.setRequestHeader(name, value)
      request.upload.onprogress = event => {
        stillAlive()
        onProgress?.(event.loaded)
      }
      request.onloadend = () => {
        clearTimeout(stalled)
        this.running.delete(request)
        const header = name => request.getResponseHeader(name)
        const reply = jsonOf(request.responseText)
        // Another server, such as a login page of a proxy, does not speak the protocol.
        if (header("Tus-Resumable") && request.status < 300) return resolve({ reply, header })
        const offset = header("Upload-Offset") ?? undefined
        reject({ status: request.status, offset, ...reply })
      }
      this.running.add(request)
      stillAlive()
      request.send(body)
    })
  }

  // Bytes a second over the last 10 s; undefined at the start.
  speed() {
    const now = performance.now()
    this.samples = [...this.samples.filter(([time]) => now - time < SPEED_WINDOW_MS), [now, this.sent]]
    const [time, sent] = this.samples[0]
    return now - time > SPEED_AFTER_MS ? Math.max(0, (1000 * (this.sent - sent)) / (now - time)) : undefined
  }
}

function deferred() {
  let resolve
  const promise = new Promise(settle => {
    resolve = settle
  })
  return { promise, resolve }
}

const newRequest = () => Math.random().toString(36).slice(2)

const delay = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

// Base64 of a text in UTF-8; half a character, as some file names have, becomes a replacement character.
const base64Text = text =>
  btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(""))

function jsonOf(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null // a proxy's own page
  }
}

async function isReadable({ file }, offset) {
  try {
    await file.slice(offset, offset + 1).arrayBuffer()
    return true
  } catch {
    return false
  }
}

// An upload is remembered for this tab: after a reload it resumes once the same files are chosen.
const storageKey = sending => `darkroom-upload-${sending.data.key}`

function fingerprint({ files, total }) {
  let hash = 0x811c9dc5 // FNV-1a
  for (const { file, path } of files) {
    for (const letter of `${path}|${file.size}|${file.lastModified}\n`) {
      hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193)
    }
  }
  return `${files.length}-${total}-${hash >>> 0}`
}

function remember(sending) {
  const record = { fingerprint: fingerprint(sending), ticket: sending.ticket }
  sessionStorage.setItem(storageKey(sending), JSON.stringify(record))
}

function recall(sending) {
  const record = jsonOf(sessionStorage.getItem(storageKey(sending)) ?? "")
  return record?.fingerprint === fingerprint(sending) ? record.ticket : null
}
