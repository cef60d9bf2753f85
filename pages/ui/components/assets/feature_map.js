// Map of a dataset: every picture is a point. Hovering shows the picture, a lasso selects.

// Points drawn as SVG shapes; WebGL draws larger numbers.
const MOST_AS_SHAPES = 1000
// Points that a browser without WebGL draws smoothly.
const MOST_WITHOUT_WEBGL = 5000
// Coordinates arrive as whole numbers from 0 to this.
const SIDE = 65535
// Diameter in pixels for up to so many points.
const POINT_SIZES = [
  [1000, 9],
  [5000, 7],
  [20000, 5],
  [Infinity, 4],
]
const LEAST_HEIGHT = 320 // pixels
const WHOLE = [-0.04, 1.04]
const ZOOM_STEP = 1.6
const CARD_GAP = 14 // pixels between the pointer and the picture
const LABELLED = "class"
// Classes that the legend shows without a search.
const MOST_CHIPS = 50
const maps = new WeakMap()
// Filters and points by key. They outlive the element, which a rerun may build anew.
const memories = new Map()

class FeatureMap {
  constructor(root, key) {
    this.root = root
    if (!memories.has(key))
      memories.set(key, { categories: new Set(), rings: 0, mode: "lasso", ranges: undefined })
    this.memory = memories.get(key)
    this.selected = new Set()
    this.plot = element("div", { class: "dr-map-plot" })
    this.image = element("img", { alt: "" })
    this.caption = element("div")
    this.card = element("div", { class: "dr-map-card", hidden: true }, this.image, this.caption)
    const lasso = shape("svg", { class: "dr-map-lasso", "aria-hidden": "true" })
    this.line = shape("polygon")
    lasso.append(this.line)
    this.stage = element("div", { class: "dr-map-stage", role: "figure" }, this.plot, lasso, this.card)
    this.tools = element("div", { class: "dr-map-tools" })
    this.find = element("input", { type: "search", autocomplete: "off", spellcheck: "false" })
    this.find.addEventListener("input", () => this.drawLegend())
    this.chips = element("div", { class: "dr-map-chips" })
    this.legend = element("div", { class: "dr-map-legend", role: "group" }, this.find, this.chips)
    this.spoken = element("div", { class: "dr-map-count", role: "status" })
    root.append(this.tools, element("div", { class: "dr-map-body" }, this.stage, this.legend))
    this.stage.addEventListener("pointerdown", event => this.lassoBegins(event))
    this.plot.addEventListener("wheel", event => this.wheel(event), { passive: false })
    this.image.addEventListener("load", () => {
      this.image.style.opacity = 1
    })
    this.observer = new ResizeObserver(() => this.resized())
  }

  // ---- Data from Python ----

  async update(data) {
    this.texts = data.texts
    this.data = data
    if (!this.receivePoints(data)) return
    this.readLabels()
    this.restore(data.selection)
    this.fitHeight()
    this.observer.observe(this.stage)
    this.stage.setAttribute("aria-label", data.texts.label)
    this.drawTools()
    this.drawLegend()
    try {
      this.Plotly = await loadPlotly(data.library)
    } catch {
      this.plot.textContent = data.texts.failure
      return
    }
    if (this.root.isConnected) this.draw()
  }

  /** Take over the points of this dataset; false if they are not here, and then asks for them. */
  receivePoints(data) {
    const { memory } = this
    if (data.points) memory.points = { ...unpacked(data.points), digest: data.digest }
    if (memory.points?.digest !== data.digest) {
      this.send({ points: "", rows: "" })
      return false
    }
    Object.assign(this, memory.points)
    return true
  }

  /** A map is at most as high as it is wide. */
  fitHeight() {
    this.height = Math.min(this.data.height, Math.max(LEAST_HEIGHT, this.stage.clientWidth))
    this.root.style.setProperty("--dr-map-height", `${this.height}px`)
  }

  /** Follow the size of the stage: a tab opens, a sidebar closes, a phone is turned. */
  resized() {
    if (!this.stage.clientWidth || this.drawnAs === undefined) return
    this.fitHeight()
    this.draw()
    fitChart(this.plot)
  }

  /** Read what changes while the points stay: classes, exclusions, findings. */
  readLabels() {
    this.categoryOf = new Uint16Array(bytesOf(this.data.labels.categories).buffer)
    this.ringsOf = bytesOf(this.data.labels.rings)
    this.sizes = this.data.categories.map(() => 0)
    for (const category of this.categoryOf) this.sizes[category]++
    this.ringSizes = this.data.rings.map((_, bit) =>
      this.ringsOf.reduce((sum, bits) => sum + ((bits >> bit) & 1), 0),
    )
    this.forgetWhatIsGone()
  }

  forgetWhatIsGone() {
    const { memory } = this
    for (const category of memory.categories) if (!this.sizes[category]) memory.categories.delete(category)
    this.ringSizes.forEach((size, ring) => {
      if (!size) memory.rings &= ~(1 << ring)
    })
  }

  /** Take over the selection that Python stores: the element may be new. */
  restore(selection) {
    const bits = bytesOf(selection ?? "")
    this.selected.clear()
    for (let row = 0; row < this.count; row++) if (bits[row >> 3] & (1 << (row & 7))) this.selected.add(row)
  }

  leave() {
    this.observer.disconnect()
    this.Plotly?.purge(this.plot)
    this.isListening = false
    this.drawnAs = undefined
  }

  // ---- Filters ----

  get isFiltered() {
    return this.memory.categories.size > 0 || this.memory.rings > 0
  }

  isLit(row) {
    const { categories, rings } = this.memory
    return (
      (!categories.size || categories.has(this.categoryOf[row])) &&
      (!rings || (this.ringsOf[row] & rings) > 0)
    )
  }

  toggleCategory(category) {
    const { categories } = this.memory
    if (!categories.delete(category)) categories.add(category)
    this.redraw()
  }

  toggleRing(ring) {
    this.memory.rings ^= 1 << ring
    this.redraw()
  }

  lightAll() {
    this.memory.categories.clear()
    this.memory.rings = 0
    this.redraw()
  }

  redraw() {
    this.drawTools()
    this.drawLegend()
    this.draw()
  }

  // ---- The points ----

  draw() {
    if (!this.Plotly) return
    const colours = this.colours()
    const { categories, rings, mode } = this.memory
    const wanted = JSON.stringify([
      this.data,
      [...this.selected],
      [...categories],
      rings,
      mode,
      colours,
      this.height,
    ])
    if (this.drawnAs === wanted) return
    this.drawnAs = wanted
    const shown = this.shownRows()
    this.traces = this.makeTraces(shown, colours)
    const { ranges = [WHOLE, WHOLE] } = this.memory
    const axis = { visible: false, fixedrange: false }
    const layout = {
      autosize: true,
      height: this.height,
      showlegend: false,
      hovermode: "closest",
      dragmode: this.memory.mode === "pan" && "pan",
      uirevision: ++this.drawn,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: { ...axis, range: ranges[0] },
      yaxis: { ...axis, range: ranges[1], scaleanchor: "x" },
    }
    this.Plotly.react(this.plot, this.traces, layout, {
      displayModeBar: false,
      doubleClick: false,
    })
    this.plot.dataset.drawn = this.drawn
    if (!this.isListening) this.listen()
  }

  drawn = 0

  /** All rows; without WebGL, of a large dataset only every n-th and those with a ring. */
  shownRows() {
    const isThinned = this.count > MOST_WITHOUT_WEBGL && !hasWebGL()
    this.thinned.hidden = !isThinned
    const step = isThinned ? Math.ceil(this.count / MOST_WITHOUT_WEBGL) : 1
    const rows = []
    for (let row = 0; row < this.count; row++) {
      if (row % step === 0 || this.ringsOf[row] || this.selected.has(row)) rows.push(row)
    }
    return rows
  }

  makeTraces(shown, colours) {
    const type = this.count > MOST_AS_SHAPES && hasWebGL() ? "scattergl" : "scatter"
    const size =
      POINT_SIZES.find(([most]) => this.count <= most)[1] - (this.height < this.data.height ? 2 : 0)
    const byLook = new Map()
    const dim = []
    for (const row of shown) {
      if (!this.isLit(row)) dim.push(row)
      else {
        const look = this.lookOf(this.categoryOf[row], colours)
        const name = Object.values(look).join()
        if (!byLook.has(name)) byLook.set(name, { look, rows: [] })
        byLook.get(name).rows.push(row)
      }
    }
    const trace = (rows, marker, more = {}) => ({
      type,
      rows,
      marker,
      mode: "markers",
      hoverinfo: "none",
      x: rows.map(row => this.x[row]),
      y: rows.map(row => this.y[row]),
      ...more,
    })
    const isSelecting = this.selected.size > 0
    const points = [...byLook.values()].map(({ look, rows }) =>
      trace(
        rows,
        { ...look, size, opacity: 0.85 },
        {
          selectedpoints: isSelecting
            ? rows.flatMap((row, index) => (this.selected.has(row) ? [index] : []))
            : null,
          selected: { marker: { opacity: 1, size: size + 1 } },
          unselected: { marker: { opacity: 0.2 } },
        },
      ),
    )
    const rings = this.data.rings.map((_ring, bit) =>
      trace(
        shown.filter(row => this.ringsOf[row] & (1 << bit) && this.isLit(row)),
        {
          color: colours.rings[bit],
          size: size + 4 + 4 * bit,
          symbol: "circle-open",
          line: { width: size > 5 ? 2 : 1.5, color: colours.rings[bit] },
        },
        { hoverinfo: "skip" },
      ),
    )
    const faint = trace(dim, { color: colours.line, size, opacity: 0.6 }, { hoverinfo: "skip" })
    return [faint, ...points, ...rings]
  }

  colours() {
    const style = getComputedStyle(this.root)
    const value = name => style.getPropertyValue(`--st-${name}`).trim()
    return {
      classes: value("chart-categorical-colors")
        .split(",")
        .map(colour => colour.trim()),
      other: value("gray-color"),
      line: value("border-color"),
      rings: this.data.rings.map(ring => value(`${ring.colour}-color`)),
    }
  }

  /** Marker of a category: discs for classes, circles for unlabelled, crosses for excluded pictures. */
  lookOf(category, colours) {
    const { kind, class_index: index } = this.data.categories[category]
    if (kind === LABELLED) return { color: colours.classes[index % colours.classes.length], symbol: "circle" }
    return { color: colours.other, symbol: kind === "unlabelled" ? "circle-open" : "x-thin-open" }
  }

  // ---- Pointer and wheel ----

  listen() {
    this.isListening = true
    this.plot.on("plotly_hover", ({ points, event }) => this.showCard(this.rowOf(points[0]), event))
    this.plot.on("plotly_unhover", () => this.hideCard())
    this.plot.on("plotly_relayout", () => this.rememberRanges())
    this.plot.on("plotly_doubleclick", () => this.memory.mode === "pan" && this.zoom(0))
  }

  rowOf({ curveNumber, pointNumber }) {
    return this.traces[curveNumber].rows[pointNumber]
  }

  // Our own lasso: Plotly's tests all points at each move and lags with 50,000.
  lassoBegins(event) {
    if (this.memory.mode !== "lasso" || event.button !== 0 || !this.Plotly) return
    const { left, top } = this.stage.getBoundingClientRect()
    const isAdding = event.shiftKey
    const corners = []
    const add = ({ clientX, clientY }) => {
      corners.push([clientX - left, clientY - top])
      this.line.setAttribute("points", corners.join(" "))
    }
    const end = isDone => {
      gesture.abort()
      this.line.setAttribute("points", "")
      if (isDone) this.lassoed(corners, isAdding)
    }
    const gesture = new AbortController()
    const on = (name, then) => this.stage.addEventListener(name, then, { signal: gesture.signal })
    this.stage.setPointerCapture(event.pointerId)
    on("pointermove", move => add(move))
    on("pointerup", () => end(true))
    on("pointercancel", () => end(false))
    addEventListener("keydown", ({ key }) => key === "Escape" && end(false), { signal: gesture.signal })
    this.hideCard()
    this.isDrawing = true
    gesture.signal.addEventListener("abort", () => {
      this.isDrawing = false
    })
    add(event)
  }

  /** Select the visible points inside; a click encloses none. */
  lassoed(corners, isAdding) {
    const { xaxis, yaxis } = this.plot._fullLayout
    const xs = corners.map(([x]) => xaxis.p2d(x - xaxis._offset))
    const ys = corners.map(([, y]) => yaxis.p2d(y - yaxis._offset))
    const rows = this.rowsWhere(row => this.isLit(row) && isInside(this.x[row], this.y[row], xs, ys))
    this.select(isAdding ? [...this.selected, ...rows] : rows)
  }

  rowsWhere(isWanted) {
    const rows = []
    for (let row = 0; row < this.count; row++) if (isWanted(row)) rows.push(row)
    return rows
  }

  select(rows) {
    this.hideCard()
    this.selected = new Set(rows)
    this.redraw()
    const bits = new Uint8Array(Math.ceil(this.count / 8))
    for (const row of this.selected) bits[row >> 3] |= 1 << (row & 7)
    this.send({ points: this.data.digest, rows: this.selected.size ? base64Of(bits) : "" })
  }

  selectLit() {
    this.select(this.rowsWhere(row => this.isLit(row)))
  }

  rememberRanges() {
    const { xaxis, yaxis } = this.plot._fullLayout
    this.memory.ranges = [[...xaxis.range], [...yaxis.range]]
  }

  /** Enlarge by `steps` around a point given in fractions of the plot; 0 shows the whole map. */
  zoom(steps, [across, up] = [0.5, 0.5]) {
    const around = ([low, high], fraction) => {
      const fixed = low + (high - low) * fraction
      const factor = ZOOM_STEP ** -steps
      return [fixed + (low - fixed) * factor, fixed + (high - fixed) * factor]
    }
    const [x, y] = this.memory.ranges ?? [WHOLE, WHOLE]
    const ranges = steps ? [around(x, across), around(y, up)] : [WHOLE, WHOLE]
    this.hideCard()
    this.Plotly.relayout(this.plot, { "xaxis.range": ranges[0], "yaxis.range": ranges[1] })
  }

  /** Zoom in the mode “pan” or with Ctrl; otherwise the wheel scrolls the page. */
  wheel(event) {
    if (this.memory.mode !== "pan" && !event.ctrlKey) return
    event.preventDefault()
    const { left, bottom, width, height } = this.plot.getBoundingClientRect()
    this.zoom(event.deltaY < 0 ? 0.5 : -0.5, [
      (event.clientX - left) / width,
      (bottom - event.clientY) / height,
    ])
  }

  // ---- The picture under the pointer ----

  showCard(row, { clientX, clientY }) {
    if (this.isDrawing) return
    const digest = hexOf(this.pictures.subarray(row * 32, row * 32 + 32))
    const address = this.data.thumbnails + digest
    const { categories, rings } = this.data
    if (this.image.getAttribute("src") !== address) {
      this.image.style.opacity = 0
      this.image.src = address
    }
    const ringed = rings.filter((_, bit) => this.ringsOf[row] & (1 << bit))
    this.caption.replaceChildren(
      element("b", {}, named(categories[this.categoryOf[row]].name)),
      element("span", {}, named(this.names[row])),
      ...ringed.map(ring => element("em", {}, ring.name)),
    )
    this.card.hidden = false
    this.card.dataset.row = row
    const stage = this.stage.getBoundingClientRect()
    const { offsetWidth: width, offsetHeight: height } = this.card
    const [x, y] = [clientX - stage.left, clientY - stage.top]
    const left = x + CARD_GAP + width > stage.width ? x - CARD_GAP - width : x + CARD_GAP
    this.card.style.left = `${Math.max(0, left)}px`
    this.card.style.top = `${Math.max(0, Math.min(y - height / 2, stage.height - height))}px`
  }

  hideCard() {
    this.card.hidden = true
  }

  // ---- Tools and legend ----

  drawTools() {
    const { texts, memory } = this
    const n = this.selected.size
    const focused = this.root.querySelector("[data-does]:focus")?.dataset.does
    const button = (does, label, onClick, attributes = {}) => {
      const made = element("button", { type: "button", "data-does": does, ...attributes }, label)
      made.addEventListener("click", onClick)
      return made
    }
    const mode = name =>
      button(name, texts[name], () => this.setMode(name), { "aria-pressed": String(memory.mode === name) })
    const zoom = (name, sign, steps) =>
      button(name, sign, () => this.zoom(steps), { "aria-label": texts[name], title: texts[name] })
    this.spoken.textContent = n
      ? fill(texts.selected, { n: n.toLocaleString("en") })
      : texts.hint[memory.mode]
    this.thinned ??= element("div", { class: "dr-map-note", hidden: true })
    this.thinned.textContent = texts.thinned
    this.tools.replaceChildren(
      element("div", { class: "dr-map-group", role: "group" }, mode("lasso"), mode("pan")),
      element(
        "div",
        { class: "dr-map-group", role: "group" },
        zoom("closer", "+", 1),
        zoom("farther", "−", -1),
        zoom("whole", texts.whole, 0),
      ),
      this.spoken,
      ...(n ? [button("clear", texts.clear, () => this.select([]), { class: "dr-map-plain" })] : []),
      this.thinned,
    )
    if (focused) this.root.querySelector(`[data-does="${CSS.escape(focused)}"]`)?.focus()
  }

  setMode(mode) {
    this.memory.mode = mode
    this.redraw()
  }

  drawLegend() {
    const { texts, memory, data } = this
    const colours = this.colours()
    const focused = this.root.querySelector("[data-does]:focus")?.dataset.does
    const chip = (does, isOn, dot, name, size, onClick) => {
      const made = element(
        "button",
        {
          type: "button",
          class: "dr-map-chip",
          "data-does": does,
          "aria-pressed": String(isOn),
          title: name,
        },
        dot,
        named(name),
        element("small", {}, size.toLocaleString("en")),
      )
      made.addEventListener("click", onClick)
      return made
    }
    const dot = (colour, kind) => {
      const made = element("i", { class: `dr-map-${kind}` })
      made.style.setProperty("--dot", colour)
      return made
    }
    const rings = data.rings.flatMap((ring, bit) =>
      !this.ringSizes[bit]
        ? []
        : [
            chip(
              `ring ${bit}`,
              memory.rings & (1 << bit),
              dot(colours.rings[bit], "ring"),
              ring.name,
              this.ringSizes[bit],
              () => this.toggleRing(bit),
            ),
          ],
    )
    const there = data.categories.flatMap((_category, index) => (this.sizes[index] ? [index] : []))
    this.find.hidden = there.length <= MOST_CHIPS
    this.find.placeholder = texts.find
    this.find.setAttribute("aria-label", texts.find)
    const { listed, left } = this.listedCategories(there)
    const categories = listed.map(index =>
      chip(
        `category ${index}`,
        memory.categories.has(index),
        dot(this.lookOf(index, colours).color, data.categories[index].kind),
        data.categories[index].name,
        this.sizes[index],
        () => this.toggleCategory(index),
      ),
    )
    const labelled = data.categories.filter(({ kind }) => kind === LABELLED).length
    const note = labelled > colours.classes.length ? [element("p", {}, texts.repeated)] : []
    const more = left ? [element("p", {}, fill(texts.more, { n: left.toLocaleString("en") }))] : []
    this.legend.classList.toggle("dr-map-some", this.isFiltered)
    this.legend.setAttribute("aria-label", texts.legend)
    this.chips.replaceChildren(
      ...rings,
      ...(rings.length ? [element("hr")] : []),
      ...note,
      ...categories,
      ...more,
      this.filterButtons(),
    )
    if (focused) this.root.querySelector(`[data-does="${CSS.escape(focused)}"]`)?.focus()
  }

  /**
   * Of many categories, list the chosen ones, pictures without a class, and the first that contain the typed text;
   * `left` counts the others that contain it.
   */
  listedCategories(there) {
    if (there.length <= MOST_CHIPS) return { listed: there, left: 0 }
    const { categories } = this.data
    const isAlways = index => this.memory.categories.has(index) || categories[index].kind !== LABELLED
    const others = there.filter(index => !isAlways(index))
    const fitting = matching(
      others.map(index => categories[index].name),
      this.find.value,
    ).map(index => others[index])
    const listed = [...there.filter(isAlways), ...fitting.slice(0, MOST_CHIPS)]
    return { listed: listed.sort((a, b) => a - b), left: Math.max(0, fitting.length - MOST_CHIPS) }
  }

  filterButtons() {
    const { texts } = this
    const plain = (does, label, onClick) => {
      const made = element("button", { type: "button", class: "dr-map-plain", "data-does": does }, label)
      made.addEventListener("click", onClick)
      return made
    }
    const made = element(
      "div",
      { class: "dr-map-filter" },
      plain("select-lit", texts.select_lit, () => this.selectLit()),
      plain("light-all", texts.show_all, () => this.lightAll()),
    )
    made.hidden = !this.isFiltered
    return made
  }
}

function unpacked({ x, y, pictures, names }) {
  const coordinates = packed =>
    Float32Array.from(new Uint16Array(bytesOf(packed).buffer), value => value / SIDE)
  return { x: coordinates(x), y: coordinates(y), pictures: bytesOf(pictures), names, count: names.length }
}

/** Point-in-polygon test: a ray to the right crosses an odd number of sides. */
function isInside(x, y, xs, ys) {
  let isIn = false
  for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
    if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) isIn = !isIn
  }
  return isIn
}

function shape(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  return made
}

let webgl

function hasWebGL() {
  webgl ??= Boolean(document.createElement("canvas").getContext("webgl"))
  return webgl
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), character => character.charCodeAt(0))
}

function base64Of(bytes) {
  return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""))
}

function hexOf(bytes) {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("")
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".dr-map")
  const map = maps.get(root) ?? new FeatureMap(root, data.key)
  maps.set(root, map)
  map.send = selection => setStateValue("seen", selection)
  map.update(data)
  return cleanup(map, () => map.leave())
}
