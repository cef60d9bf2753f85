// Lightbox: one enlarged picture with its facts; arrow keys go to the others.

// From this magnification on, pixels are shown as squares.
const ENLARGED = 6

class Lightbox {
  /** `grid` owns the tiles, the actions and the selection. */
  constructor(grid) {
    this.grid = grid
    this.preview = element("img", { alt: "", "aria-hidden": "true" })
    this.picture = element("img", { alt: "" })
    this.failed = element("div", { class: "dr-failed" })
    const turn = (side, step) => {
      const button = element(
        "button",
        { type: "button", class: `dr-button dr-turn dr-${side}` },
        icon(ICONS[side]),
      )
      button.addEventListener("click", () => this.turn(step))
      return button
    }
    this.previous = turn("previous", -1)
    this.next = turn("next", 1)
    this.stage = element(
      "div",
      { class: "dr-stage", tabindex: "-1" },
      this.preview,
      this.picture,
      this.failed,
      this.previous,
      this.next,
    )
    this.position = element("span")
    this.end = element("button", { type: "button", class: "dr-button dr-close" }, icon(ICONS.close))
    this.end.addEventListener("click", () => this.dialog.close())
    this.name = element("div", { class: "dr-name" })
    this.badge = element("span", { class: "dr-badge" })
    this.file = element("div", { class: "dr-file" })
    this.facts = element("dl", { class: "dr-facts" })
    this.doing = element("div", { class: "dr-doing" })
    this.about = element(
      "div",
      { class: "dr-about" },
      element("div", { class: "dr-top" }, this.position, this.end),
      this.name,
      this.badge,
      this.file,
      this.facts,
      this.doing,
    )
    this.dialog = element("dialog", { class: "dr-large" }, this.stage, this.about)
    this.dialog.addEventListener("keydown", event => this.keydown(event))
    this.dialog.addEventListener("close", () => this.grid.focusTile(this.id))
    this.picture.addEventListener("load", () => this.loaded())
    this.picture.addEventListener("error", () => this.show("failed"))
    new ResizeObserver(() => this.showPixels()).observe(this.stage)
  }

  get isOpen() {
    return this.dialog.open
  }

  open(id) {
    this.id = id
    this.draw()
    this.dialog.showModal()
    this.stage.focus()
    this.showPixels()
  }

  /** Follow new tiles: stay at the picture, or go to the one that replaced it. */
  update() {
    if (!this.isOpen) return
    this.id = this.grid.memory.focusId
    if (this.id === undefined) this.dialog.close()
    else this.draw()
  }

  turn(step) {
    const { order } = this.grid
    const index = order.indexOf(this.id) + step
    if (index >= 0 && index < order.length) this.go(order[index])
  }

  go(id) {
    this.id = id
    this.grid.arrived(id)
    this.draw()
  }

  draw() {
    const { order, tiles, texts } = this.grid
    const tile = tiles.get(this.id)
    const index = order.indexOf(this.id)
    this.dialog.setAttribute("aria-label", describe(tile))
    this.position.textContent = fill(texts.position, { n: index + 1, count: order.length })
    this.name.replaceChildren(named(tile.strong || tile.caption))
    this.file.replaceChildren(...(tile.strong ? [named(tile.caption)] : []))
    drawBadge(this.badge, tile)
    this.facts.replaceChildren(
      ...tile.facts.flatMap(([what, value]) => [element("dt", {}, what), element("dd", {}, named(value))]),
    )
    this.previous.disabled = index === 0
    this.next.disabled = index === order.length - 1
    for (const [button, word] of [
      [this.previous, "previous"],
      [this.next, "next"],
      [this.end, "close"],
    ]) {
      button.setAttribute("aria-label", texts[word])
      button.title = texts[word]
    }
    this.drawPicture(tile, tiles.get(order[index + 1]))
    this.drawDoing()
    if (this.isOpen && !this.grid.holdsFocus()) this.stage.focus() // its button was removed or disabled
  }

  drawPicture(tile, following) {
    const address = tile.large || tile.source
    this.picture.alt = describe(tile)
    this.failed.textContent = this.grid.texts.broken
    if (this.picture.getAttribute("src") === address) return
    this.show("preview")
    this.preview.src = tile.source
    this.picture.src = address
    if (following?.large) new Image().src = following.large // so that the next one is there at once
  }

  loaded() {
    this.show("picture")
    this.showPixels()
  }

  show(part) {
    this.preview.hidden = part !== "preview"
    this.picture.style.opacity = part === "picture" ? 1 : 0
    this.failed.hidden = part !== "failed"
  }

  /** Show the pixels of a small picture as squares, as the network sees them. */
  showPixels() {
    const { naturalWidth, naturalHeight, clientWidth, clientHeight } = this.picture
    const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight)
    this.picture.classList.toggle("dr-pixels", scale > ENLARGED)
  }

  /** Draw the select button and the actions for this one picture. */
  drawDoing() {
    const { grid } = this
    const focused = grid.root.getRootNode().activeElement?.dataset.does
    const select = element(
      "button",
      {
        type: "button",
        class: "dr-button",
        "data-does": "select",
        "aria-pressed": String(grid.memory.selected.has(this.id)),
      },
      grid.texts.select,
      element("kbd", { "aria-hidden": "true" }, grid.texts.space),
    )
    select.addEventListener("click", () => this.select())
    const [actions, digits] = grid.actionButtons((action, choice) => this.act(action, choice))
    select.hidden = !grid.canSelect
    this.doing.replaceChildren(digits, actions, select)
    if (focused) this.doing.querySelector(`[data-does="${CSS.escape(focused)}"]`)?.focus()
  }

  select() {
    this.grid.toggle(this.id)
    this.drawDoing()
  }

  /** Act on this picture and go to the next; before a dialog of the page, which would lie under this one, close. */
  act(action, choice) {
    this.grid.send(action, [this.id], choice)
    if (action.opens_dialog) return this.dialog.close()
    if (!action.needs_pictures) return
    const index = this.grid.order.indexOf(this.id)
    this.go(this.grid.order[index + 1] ?? this.id)
  }

  keydown(event) {
    event.stopPropagation()
    if (event.target.closest(".dr-menu") || hasModifier(event)) return
    const last = this.grid.order.length - 1
    const steps = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }
    const ends = { Home: 0, End: last }
    const onButton = event.target.closest("button")
    if (event.key in steps) this.turn(steps[event.key])
    else if (event.key in ends) this.go(this.grid.order[ends[event.key]])
    else if (event.key === " " && !onButton) this.select()
    else if (event.key === "Enter" && !onButton) this.dialog.close()
    else if (!this.grid.pressed(event, (action, choice) => this.act(action, choice), this.doing)) return
    event.preventDefault()
  }
}
