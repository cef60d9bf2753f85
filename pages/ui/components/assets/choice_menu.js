// Menu of choices, opened by a button or key and filtered by typing.

let menus = 0

class ChoiceMenu {
  constructor() {
    const id = `dr-choices-${++menus}`
    this.input = element("input", {
      type: "text",
      role: "combobox",
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-controls": id,
      autocomplete: "off",
      spellcheck: "false",
    })
    this.list = element("div", { role: "listbox", id })
    this.none = element("div", { class: "dr-none" })
    this.dialog = element("dialog", { class: "dr-menu" }, this.input, this.list, this.none)
    this.input.addEventListener("input", () => this.narrow())
    this.dialog.addEventListener("close", () => visualViewport.removeEventListener("resize", this.place))
    this.dialog.addEventListener("keydown", event => this.keydown(event))
    this.dialog.addEventListener("click", event => {
      if (event.target === this.dialog && this.isOutside(event)) this.dialog.close()
    })
    this.list.addEventListener("click", event => this.choose(event.target.closest("[role=option]")))
    this.list.addEventListener("pointermove", event => this.mark(event.target.closest("[role=option]")))
  }

  /** Open below `anchor` (a DOMRect) and call `onChoice` with the choice; a dismissed menu calls nothing. */
  open(action, anchor, onChoice) {
    this.action = action
    this.onChoice = onChoice
    this.input.value = ""
    this.input.placeholder = this.texts.find
    this.input.setAttribute("aria-label", action.label)
    this.dialog.setAttribute("aria-label", action.label)
    this.narrow()
    this.anchor = anchor
    this.dialog.showModal()
    this.place()
    visualViewport.addEventListener("resize", this.place) // the window changes, a phone shows its keyboard
    this.input.focus()
  }

  /** Place the menu below its anchor, or above where there is more room; always inside the window. */
  place = () => {
    if (!this.dialog.open) return
    const { anchor } = this
    const { width, height } = this.dialog.getBoundingClientRect()
    const { width: innerWidth, height: innerHeight } = visualViewport
    const gap = 6
    const below = anchor.bottom + gap
    const top = below + height < innerHeight ? below : Math.max(gap, anchor.top - gap - height)
    this.dialog.style.left = `${Math.max(gap, Math.min(anchor.left, innerWidth - width - gap))}px`
    this.dialog.style.top = `${Math.min(top, Math.max(gap, innerHeight - height - gap))}px`
  }

  isOutside({ clientX, clientY }) {
    const { left, right, top, bottom } = this.dialog.getBoundingClientRect()
    return clientX < left || clientX > right || clientY < top || clientY > bottom
  }

  /** Show the first choices that contain the typed text. */
  narrow() {
    const { choices, allows_new: allowsNew } = this.action
    const fitting = matching(choices, this.input.value)
    const options = fitting
      .slice(0, MOST_LISTED)
      .map(index => this.option(choices[index], named(choices[index])))
    const left = fitting.length - options.length
    const typed = this.input.value.trim()
    if (allowsNew && typed && !choices.includes(typed)) {
      options.push(this.option(typed, fill(this.texts.add, { name: `\u2068${typed}\u2069` })))
    }
    for (const [index, option] of options.entries()) option.id = `${this.list.id}-${index}`
    this.list.replaceChildren(...options)
    this.none.hidden = options.length > 0 && left === 0
    const nothing = this.texts[choices.length || !allowsNew ? "nothing" : "type_new"]
    this.none.textContent = left ? fill(this.texts.more, { n: left.toLocaleString("en") }) : nothing
    this.mark(options[0])
  }

  option(choice, content) {
    const made = element("div", { role: "option", class: "dr-choice" }, content)
    made.choice = choice
    return made
  }

  mark(option) {
    if (!option) return
    for (const other of this.list.children) other.setAttribute("aria-selected", String(other === option))
    this.marked = option
    this.input.setAttribute("aria-activedescendant", option.id)
  }

  keydown(event) {
    event.stopPropagation()
    if (event.isComposing) return
    const options = [...this.list.children]
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && options.length) {
      event.preventDefault()
      const index = (options.indexOf(this.marked) + step + options.length) % options.length
      this.mark(options[index])
      options[index].scrollIntoView({ block: "nearest" })
    } else if (event.key === "Enter") {
      event.preventDefault()
      if (options.includes(this.marked)) this.choose(this.marked)
    }
  }

  choose(option) {
    if (!option) return
    this.dialog.close()
    this.onChoice(option.choice)
  }
}
