// Picture grid: browse, select and act on pictures by mouse, touch and keyboard.

// Selection and focus of each grid, by its key. They outlive the element: a rerun may
// build it anew, and the user may return from another page.
const memories = new Map()
const grids = new WeakMap()
// An element rebuilt within this time takes back its focus.
const RETURN_MS = 3000
// Height of Streamlit's own bar at the top of the window.
const HEADER_PIXELS = 60

function memoryOf(key) {
  if (!memories.has(key)) {
    memories.set(key, {
      selected: new Set(),
      order: [],
      queue: [],
      serial: 0,
      hadFocus: false,
      leftAt: -Infinity,
    })
  }
  return memories.get(key)
}

class PictureGrid {
  constructor(root, key) {
    this.root = root
    this.memory = memoryOf(key)
    this.outbox = new Outbox(this.memory)
    this.elements = new Map()
    this.tiles = new Map()
    this.order = []
    this.count = element("div", { class: "dr-count", id: "dr-count" })
    this.all = element("button", { type: "button", class: "dr-button dr-plain", "data-does": "all" })
    this.clear = element("button", { type: "button", class: "dr-button dr-plain", "data-does": "clear" })
    this.row = element("div", { class: "dr-row" })
    this.bar = element("div", { class: "dr-bar", role: "group" }, this.row)
    this.list = element("div", {
      class: "dr-tiles",
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-describedby": "dr-count",
    })
    this.empty = element("div", { class: "dr-empty" })
    this.spoken = element("div", { class: "dr-spoken", role: "status" })
    this.top = element("div")
    root.append(this.top, this.bar, this.list, this.empty, this.spoken)
    this.touch = matchMedia("(hover: none)")
    this.watcher = new IntersectionObserver(
      changes => {
        const { isIntersecting, boundingClientRect } = changes.at(-1) // the newest is true
        this.bar.classList.toggle("dr-stuck", !isIntersecting && boundingClientRect.top < HEADER_PIXELS)
      },
      { rootMargin: `-${HEADER_PIXELS}px 0px 0px 0px` },
    )
    this.all.addEventListener("click", () => this.selectAll())
    this.clear.addEventListener("click", () => this.selectNone())
    root.addEventListener("keydown", event => this.keydown(event))
    this.list.addEventListener("click", event => this.click(event))
    this.list.addEventListener("dblclick", event => this.enlarge(idAt(event)))
    this.list.addEventListener("mousedown", event => event.shiftKey && event.preventDefault())
    this.list.addEventListener("focusin", event => this.arrived(idAt(event)))
    root.addEventListener("focusin", () => {
      this.memory.hadFocus = true
    })
    // Chrome sends this before it removes the element; only afterwards is the cause known.
    root.addEventListener("focusout", () =>
      setTimeout(() => {
        if (root.isConnected) this.memory.hadFocus = this.holdsFocus()
      }),
    )
  }

  // ---- Data from Python ----

  update(data) {
    this.touch.onchange = () => this.drawSelection() // a mouse is connected, a tablet is turned around
    this.watcher.observe(this.top) // repeated calls change nothing
    this.texts = data.texts
    this.actions = data.actions
    this.preselects = data.preselected
    this.lightbox ??= this.withDialog(new Lightbox(this))
    this.menu ??= this.withDialog(new ChoiceMenu())
    this.menu.texts = data.texts
    const hadFocus = this.holdsFocus() || this.isBack()
    this.canSelect = data.actions.some(action => action.needs_pictures)
    this.root.classList.toggle("dr-only-look", !this.canSelect)
    this.root.classList.toggle("dr-preselects", this.preselects)
    this.root.classList.toggle("dr-whole", data.whole_captions)
    this.root.style.setProperty("--dr-tile", `${data.tile_pixels}px`)
    this.list.setAttribute("aria-label", data.label)
    this.empty.textContent = data.texts.empty
    this.drawTiles(data.tiles)
    this.drawBar()
    this.drawSelection()
    this.lightbox.update()
    if (hadFocus && !this.holdsFocus()) this.focusTile(this.memory.focusId)
    else if (this.preselects && isFocusFree())
      this.elements.get(this.memory.focusId)?.focus({ preventScroll: true })
    this.outbox.acknowledge(data.session, data.answered)
    if (this.memory.queue.length === 0)
      for (const tile of this.elements.values()) tile.classList.remove("dr-sent")
  }

  withDialog(part) {
    this.root.append(part.dialog)
    return part
  }

  leave() {
    this.outbox.close()
    this.watcher.disconnect()
    this.touch.onchange = null
    this.memory.leftAt = performance.now()
  }

  drawTiles(tiles) {
    const before = this.memory.order
    this.tiles = new Map(tiles.map(tile => [tile.id, { ...EMPTY_TILE, ...tile }]))
    this.order = this.memory.order = [...this.tiles.keys()]
    for (const [id, drawn] of this.elements) {
      if (this.tiles.has(id)) continue
      drawn.remove()
      this.elements.delete(id)
    }
    this.order.forEach((id, index) => {
      const drawn = this.elements.get(id) ?? makeTile(id)
      this.elements.set(id, drawn)
      drawTile(drawn, this.tiles.get(id), this.texts)
      if (this.list.children[index] !== drawn)
        this.list.insertBefore(drawn, this.list.children[index] ?? null)
    })
    if (this.preselects) this.preselect(before)
    this.list.hidden = this.order.length === 0
    this.empty.hidden = this.order.length > 0
    this.arrived(this.nearest(this.memory.focusId, before))
  }

  /** Select the pictures that are new since `before`; unselect those that are gone. */
  preselect(before) {
    const { selected } = this.memory
    const known = new Set(before)
    for (const id of selected) if (!this.tiles.has(id)) selected.delete(id)
    for (const id of this.order) if (!known.has(id)) selected.add(id)
  }

  /** The picture itself, else the next one that is left, else the previous one. */
  nearest(id, before) {
    const index = before.indexOf(id)
    const isHere = other => this.tiles.has(other)
    return (
      before.slice(Math.max(0, index)).find(isHere) ??
      before.slice(0, Math.max(0, index)).findLast(isHere) ??
      this.order[0]
    )
  }

  // ---- Focus ----

  holdsFocus() {
    return this.root.contains(this.root.getRootNode().activeElement)
  }

  /** True if this element replaces one that had the focus a moment ago. */
  isBack() {
    const { hadFocus, leftAt } = this.memory
    return hadFocus && isFocusFree() && performance.now() - leftAt < RETURN_MS
  }

  /** Make one tile reachable by Tab; the arrow keys continue from there. */
  arrived(id) {
    if (id === undefined && this.order.length) return
    this.elements.get(this.memory.focusId)?.setAttribute("tabindex", "-1")
    this.memory.focusId = id
    this.elements.get(id)?.setAttribute("tabindex", "0")
  }

  focusTile(id) {
    const tile = this.elements.get(id)
    if (!tile) return
    tile.focus({ preventScroll: true })
    tile.scrollIntoView({ block: "nearest" })
  }

  columns() {
    const top = this.elements.get(this.order[0])?.offsetTop
    const second = this.order.findIndex(id => this.elements.get(id).offsetTop > top)
    return second < 0 ? this.order.length : second
  }

  // ---- Selection ----

  toggle(id) {
    if (!this.canSelect) return
    const { selected } = this.memory
    if (!selected.delete(id)) selected.add(id)
    this.memory.anchorId = id
    this.drawSelection()
  }

  selectRange(from, to) {
    const [first, last] = [this.order.indexOf(from), this.order.indexOf(to)].sort((a, b) => a - b)
    for (const id of this.order.slice(Math.max(0, first), last + 1)) this.memory.selected.add(id)
    this.drawSelection()
  }

  selectAll() {
    if (!this.canSelect) return
    for (const id of this.order) this.memory.selected.add(id)
    this.drawSelection()
    this.focusTile(this.memory.focusId)
  }

  selectNone() {
    this.memory.selected.clear()
    this.drawSelection()
    this.focusTile(this.memory.focusId)
  }

  drawSelection() {
    const { selected } = this.memory
    for (const [id, drawn] of this.elements) drawn.setAttribute("aria-selected", String(selected.has(id)))
    const n = selected.size
    const m = [...selected].filter(id => !this.tiles.has(id)).length
    const said = m ? fill(this.texts.elsewhere, { n, m }) : fill(this.texts.selected, { n })
    const hasChanged = this.said !== said
    this.said = said
    const hint = this.texts[this.touch.matches ? "touch_hint" : "hint"]
    this.count.textContent = n ? said : this.canSelect ? hint : ""
    this.bar.classList.toggle("dr-some", n > 0)
    this.bar.hidden = this.actions.length === 0 || (this.order.length === 0 && n === 0)
    this.all.hidden = n > 0 || !this.canSelect
    this.clear.hidden = n === 0
    for (const button of this.bar.querySelectorAll("[data-needs]")) button.disabled = n === 0
    if (hasChanged) this.spoken.textContent = n ? said : ""
  }

  // ---- Actions ----

  drawBar() {
    const wanted = JSON.stringify([this.actions, this.texts])
    if (this.drawnBar === wanted) return
    this.drawnBar = wanted
    this.bar.setAttribute("aria-label", this.texts.actions)
    const [actions, digits] = this.actionButtons((action, choice) => this.act(action, choice))
    this.all.textContent = this.texts.select_all
    this.clear.textContent = this.texts.clear
    this.row.replaceChildren(this.count, this.all, this.clear, actions)
    this.bar.replaceChildren(this.row, digits)
    digits.hidden = digits.children.length === 0
  }

  /** Buttons of all actions, and of the choices that have a digit. */
  actionButtons(onAction) {
    const button = (action, choice, ...content) => {
      const made = element(
        "button",
        {
          type: "button",
          class: "dr-button",
          "data-does": `${action.id} ${choice ?? ""}`,
          "data-needs": action.needs_pictures ? "" : false,
        },
        ...content,
      )
      made.addEventListener("click", () => this.start(action, choice, made, onAction))
      return made
    }
    const key = name =>
      element("kbd", { "aria-hidden": "true" }, name.length === 1 ? name.toUpperCase() : name)
    const actions = this.actions.map(action => {
      const made = button(action, undefined, action.label, ...(action.key ? [key(action.key)] : []))
      if (action.key) made.setAttribute("aria-keyshortcuts", action.key)
      if (action.choices) made.setAttribute("aria-haspopup", "dialog")
      return made
    })
    const digits = this.actions
      .filter(action => action.digits)
      .flatMap(action =>
        action.choices.slice(0, 9).map((choice, index) => {
          const made = button(action, choice, key(String(index + 1)), named(choice))
          made.classList.add("dr-chip")
          made.title = choice
          made.setAttribute("aria-keyshortcuts", String(index + 1))
          return made
        }),
      )
    return [
      element("div", { class: "dr-actions" }, ...actions),
      element("div", { class: "dr-digits" }, ...digits),
    ]
  }

  /** Run an action; a menu opens first if its choice is missing. */
  start(action, choice, anchor, onAction) {
    if (choice !== undefined || !action.choices) return onAction(action, choice ?? "")
    this.menu.open(action, anchor.getBoundingClientRect(), chosen => onAction(action, chosen))
  }

  /** Run an action on the selection, or on the focused picture, and go to the next. */
  act(action, choice) {
    const { selected, focusId } = this.memory
    // With preselected pictures, a key pressed before the next ones arrive is ignored.
    const ids = selected.size || this.preselects ? [...selected] : [focusId]
    if (action.needs_pictures && ids[0] === undefined) return
    this.send(action, ids, choice)
    if (action.needs_pictures) {
      const last = Math.max(...ids.map(id => this.order.indexOf(id)))
      selected.clear()
      this.drawSelection()
      this.arrived(this.order[last + 1] ?? focusId)
    }
    this.focusTile(this.memory.focusId)
  }

  send(action, ids, choice) {
    const meant = action.needs_pictures ? ids : []
    for (const id of meant) {
      this.memory.selected.delete(id)
      flash(this.elements.get(id))
    }
    this.drawSelection()
    this.outbox.push({ action: action.id, ids: meant, choice })
  }

  /** Start the action of a key; false if there is none. */
  pressed(event, onAction, buttons) {
    const key = keyOf(event)
    const byDigit = this.actions.find(
      action => action.digits && action.choices[Number(key) - 1] !== undefined,
    )
    const action = this.actions.find(one => one.key.toLowerCase() === key) ?? byDigit
    if (!key || !action) return false
    const choice = action === byDigit ? action.choices[Number(key) - 1] : undefined
    const anchor = buttons.querySelector(`[data-does="${CSS.escape(`${action.id} `)}"]`)
    this.start(action, choice, anchor, onAction)
    return true
  }

  // ---- Mouse and keyboard ----

  click(event) {
    const id = idAt(event)
    if (id === undefined) return
    if (!this.canSelect || event.target.closest(".dr-look")) return this.enlarge(id)
    if (event.shiftKey && this.tiles.has(this.memory.anchorId)) this.selectRange(this.memory.anchorId, id)
    else this.toggle(id)
    this.focusTile(id)
  }

  enlarge(id) {
    if (this.tiles.has(id) && !this.lightbox.isOpen) this.lightbox.open(id)
  }

  keydown(event) {
    if (event.target.closest("dialog")) return
    if ((event.ctrlKey || event.metaKey) && !event.altKey && keyOf(event) === "a") this.selectAll()
    else if (hasModifier(event)) return
    else if (event.key === "Escape") this.selectNone()
    else if (event.target.closest(".dr-tile") && this.tileKey(event)) {
      /* done */
    } else if (!this.pressed(event, (action, choice) => this.act(action, choice), this.bar)) return
    event.preventDefault()
    event.stopPropagation() // Streamlit has keys of its own: R would run the page again
  }

  /** The keys that move, select and enlarge. */
  tileKey(event) {
    const { focusId } = this.memory
    const index = this.order.indexOf(focusId)
    const last = this.order.length - 1
    const columns = this.columns()
    const target = {
      ArrowLeft: index - 1,
      ArrowRight: index + 1,
      ArrowUp: index - columns,
      Home: 0,
      End: last,
      ArrowDown:
        Math.floor(index / columns) < Math.floor(last / columns) ? Math.min(index + columns, last) : index,
    }[event.key]
    if (event.key === " ") this.toggle(focusId)
    else if (event.key === "Enter") this.enlarge(focusId)
    else if (target === undefined) return false
    else if (target >= 0 && target <= last) {
      if (event.shiftKey && this.canSelect) {
        if (!this.tiles.has(this.memory.anchorId)) this.memory.anchorId = focusId
        this.selectRange(focusId, this.order[target])
      }
      this.focusTile(this.order[target])
    }
    return true
  }
}

function idAt(event) {
  return event.target.closest(".dr-tile")?.dataset.id
}

/** True if no element has the focus. */
function isFocusFree() {
  return !document.activeElement || document.activeElement === document.body
}

function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.isComposing
}

/** Key in lower case; on a keyboard without Latin letters, the Latin letter of that physical key. */
function keyOf(event) {
  if (/^[\x21-\x7e]$/.test(event.key) || event.key.length > 1) return event.key.toLowerCase()
  return event.code.replace(/^(Key|Digit)/, "").toLowerCase()
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".dr-pictures")
  const grid = grids.get(root) ?? new PictureGrid(root, data.key)
  grids.set(root, grid)
  grid.outbox.send = events => setStateValue("events", events)
  grid.update(data)
  return cleanup(grid, () => grid.leave())
}
