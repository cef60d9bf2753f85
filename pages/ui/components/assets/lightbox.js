// One picture, large, with what is known of it; arrow keys go to the others.

const ENLARGED = 6 // times: from here on the pixels are shown as squares

class Lightbox {
  /** `grid` gives the tiles, the actions and the selection, and is told what is done. */
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
    this.place = element("span")
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
      element("div", { class: "dr-top" }, this.place, this.end),
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

  /** New tiles have come: stay at the picture, or at the one that took its place. */
  update() {
    if (!this.isOpen) return
    this.id = this.grid.memory.focusId
    if (this.id === undefined) this.dialog.close()
    else this.draw()
  }

  turn(step) {
    const { order } = this.grid
    const place = order.indexOf(this.id) + step
    if (place >= 0 && place < order.length) this.go(order[place])
  }

  go(id) {
    this.id = id
    this.grid.arrived(id)
    this.draw()
  }

  draw() {
    const { order, tiles, words } = this.grid
    const tile = tiles.get(this.id)
    const place = order.indexOf(this.id)
    this.dialog.setAttribute("aria-label", describe(tile))
    this.place.textContent = fill(words.place, { n: place + 1, count: order.length })
    this.name.replaceChildren(named(tile.strong || tile.caption))
    this.file.replaceChildren(...(tile.strong ? [named(tile.caption)] : []))
    drawBadge(this.badge, tile)
    this.facts.replaceChildren(
      ...tile.facts.flatMap(([what, value]) => [element("dt", {}, what), element("dd", {}, named(value))]),
    )
    this.previous.disabled = place === 0
    this.next.disabled = place === order.length - 1
    for (const [button, word] of [
      [this.previous, "previous"],
      [this.next, "next"],
      [this.end, "close"],
    ]) {
      button.setAttribute("aria-label", words[word])
      button.title = words[word]
    }
    this.drawPicture(tile, tiles.get(order[place + 1]))
    this.drawDoing()
    if (this.isOpen && !this.grid.holdsFocus()) this.stage.focus() // its button went, or can do no more
  }

  drawPicture(tile, following) {
    const address = tile.large || tile.source
    this.picture.alt = describe(tile)
    this.failed.textContent = this.grid.words.broken
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

  /** A picture of few pixels is shown as squares: blurred, nobody could tell what the network sees. */
  showPixels() {
    const { naturalWidth, naturalHeight, clientWidth, clientHeight } = this.picture
    const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight)
    this.picture.classList.toggle("dr-pixels", scale > ENLARGED)
  }

  /** The select button and the actions, which here mean this one picture. */
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
      grid.words.select,
      element("kbd", { "aria-hidden": "true" }, grid.words.space),
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

  /** Do it with this picture and go on to the next. */
  act(action, choice) {
    this.grid.send(action, [this.id], choice)
    if (!action.needs_pictures) return
    const place = this.grid.order.indexOf(this.id)
    this.go(this.grid.order[place + 1] ?? this.id)
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
