// Upload component: drop zone and progress. It reports to Python when all files have arrived.

// A message that Python did not answer is repeated: it may have been lost.
const REPEAT_MS = 5000
const REDRAW_MS = 250

const number = value => value.toLocaleString("en")

function sizeText(bytes) {
  let size = bytes
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (size < (unit === "B" ? 1000 : 999.95)) {
      return `${size.toFixed(unit === "B" || size >= 99.95 ? 0 : 1)} ${unit}`
    }
    size /= 1000
  }
  return `${size.toFixed(1)} TB`
}

function timeText(seconds, texts) {
  const whole = Math.max(1, Math.round(seconds))
  if (whole < 60) return fill(texts.seconds, { seconds: whole })
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return fill(texts.minutes, { minutes })
  return fill(texts.hours, { hours: Math.floor(minutes / 60), minutes: minutes % 60 })
}

function figures(sending, texts) {
  const { sent, total, files, finished } = sending
  const amount = fill(texts.amount, { done: sizeText(sent), total: sizeText(total) })
  const counted = fill(texts.files, { done: number(finished), total: number(files.length) })
  const speed = sending.status === "sending" ? sending.speed() : undefined
  const left = speed ? fill(texts.left, { time: timeText((total - sent) / speed, texts) }) : ""
  return {
    amount: files.length > 1 ? `${counted} · ${amount}` : amount,
    pace: speed === undefined ? "" : [`${sizeText(speed)}/s`, left].filter(Boolean).join(" · "),
  }
}

function noticeOf(sending, texts) {
  if (sending.status === "waiting") {
    return fill(texts.waiting, { time: timeText((sending.tryAt - Date.now()) / 1000, texts) })
  }
  return sending.notice ?? texts.notices[sending.status] ?? ""
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function draw(root, sending, texts) {
  const find = name => root.querySelector(`.${name}`)
  find("drop").hidden = Boolean(sending)
  find("sending").hidden = !sending
  find("upload").dataset.status = sending?.status ?? "idle"
  if (!sending) return
  const { status, files } = sending
  const { amount, pace } = figures(sending, texts)
  const part = status === "done" ? 1 : sending.total ? sending.sent / sending.total : 0
  const name = sending.name ?? fill(texts.fileCount, { n: number(files.length) })
  put(find("name"), name)
  find("name").title = name
  find("fill").style.width = `${100 * part}%`
  find("bar").setAttribute("aria-valuenow", Math.floor(100 * part))
  find("bar").setAttribute("aria-label", name)
  put(find("amount"), amount)
  put(find("pace"), pace)
  put(find("notice"), noticeOf(sending, texts))
  put(find("pause"), status === "paused" ? texts.resume : texts.pause)
  put(find("again"), status === "waiting" ? texts.now : texts.again)
  put(find("cancel"), texts.cancel)
  find("pause").hidden = !["sending", "paused"].includes(status)
  find("again").hidden = !["waiting", "failed"].includes(status)
  find("cancel").hidden = status === "done"
}

// Streamlit calls this again for new data, always with the same root, and runs the returned function at the end.
export default function ({ data, parentElement: root, setTriggerValue }) {
  const { key, texts } = data
  const find = name => root.querySelector(`.${name}`)
  const current = () => sendings.get(key)
  const redraw = () => draw(root, current(), texts)
  root.darkroomUpload ??= { reportedAt: 0 }
  const attached = root.darkroomUpload

  // Report what Python has not answered yet.
  const report = () => {
    const sending = current()
    attached.reportedAt = Date.now()
    if (sending?.status === "asking" && !sending.ticket) {
      setTriggerValue("wanted", { request: sending.request, bytes: sending.total })
    } else if (sending?.status === "done") {
      setTriggerValue("finished", sending.ticket)
    }
  }

  attached.view = () => {
    redraw()
    const state = `${current()?.request} ${current()?.status}`
    if (state === attached.reported) return
    attached.reported = state
    report()
  }

  const take = files => {
    if (current()) return
    const wanted = files.filter(({ path }) => !isJunk(path))
    const refusal = refusalOf(wanted, data)
    put(find("refusal"), refusal ?? "")
    if (refusal) return
    const sending = new Sending(data, wanted)
    sendings.set(key, sending)
    sending.view = attached.view
    redraw()
    sending.begin()
  }

  const answered = sending => {
    sending.data = data
    sending.view = attached.view
    if (data.received && data.received === sending.ticket?.upload) sending.leave()
    if (sending.status !== "asking" || data.answer?.request !== sending.request) return
    if (data.answer.error) sending.fail(data.answer.error)
    else sending.allow(data.answer)
  }

  put(find("label"), texts.label)
  put(find("hint"), texts.hint)
  put(find("choose-file"), texts.chooseFile)
  put(find("choose-folder"), texts.chooseFolder)
  find("choose-folder").hidden = !data.folder
  find("file-input").multiple = data.multiple
  find("file-input").accept = data.accept.join(",")
  find("choose-file").onclick = () => find("file-input").click()
  find("choose-folder").onclick = () => find("folder-input").click()
  find("file-input").onchange = event => take(chosenFiles(event.target))
  find("folder-input").onchange = event => take(chosenFiles(event.target))
  find("upload").ondragover = event => {
    event.preventDefault()
    find("drop").classList.add("over")
  }
  find("upload").ondragleave = event => {
    if (!find("upload").contains(event.relatedTarget)) find("drop").classList.remove("over")
  }
  find("upload").ondrop = event => {
    event.preventDefault()
    find("drop").classList.remove("over")
    if (current()) return
    put(find("hint"), texts.reading)
    droppedFiles(event.dataTransfer)
      .then(take, () => put(find("refusal"), texts.nothing))
      .finally(() => put(find("hint"), texts.hint))
  }
  document.removeEventListener("paste", attached.paste)
  attached.paste = event => {
    const files = pastedFiles(event.clipboardData)
    if (!data.paste || files.length === 0) return
    event.preventDefault()
    take(files)
  }
  document.addEventListener("paste", attached.paste)
  find("pause").onclick = () => (current().status === "paused" ? current().resume() : current().pause())
  find("again").onclick = () => (current().status === "waiting" ? current().tryNow() : current().again())
  find("cancel").onclick = () => {
    current().cancel()
    redraw()
  }

  if (current()) answered(current())
  attached.view()
  clearInterval(attached.timer)
  attached.timer = setInterval(() => {
    redraw()
    if (Date.now() - attached.reportedAt > REPEAT_MS) report()
  }, REDRAW_MS)

  return cleanup(attached, () => {
    clearInterval(attached.timer)
    document.removeEventListener("paste", attached.paste)
    if (current()?.view === attached.view) current().view = null
  })
}
