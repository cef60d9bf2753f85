// Tile of a grid: made once, drawn again when its data change.

const EMPTY_TILE = {
  large: "",
  caption: "",
  strong: "",
  badge: "",
  attention: false,
  dimmed: false,
  facts: [],
}

function makeTile(id) {
  const image = element("img", { alt: "", loading: "lazy", decoding: "async", draggable: "false" })
  const tile = element(
    "div",
    { class: "dr-tile", role: "option", tabindex: "-1" },
    element(
      "div",
      { class: "dr-frame" },
      image,
      element("span", { class: "dr-tick", "aria-hidden": "true" }, icon(ICONS.tick)),
      element("span", { class: "dr-look", "aria-hidden": "true" }, icon(ICONS.look)),
      element("span", { class: "dr-badge", "aria-hidden": "true" }),
    ),
    element("div", { class: "dr-caption", "aria-hidden": "true" }),
  )
  tile.dataset.id = id
  image.addEventListener("error", () => tile.classList.add("dr-broken"))
  image.addEventListener("load", () => tile.classList.remove("dr-broken"))
  return tile
}

function drawTile(drawn, tile, texts) {
  const wanted = JSON.stringify([tile, texts])
  if (drawn.drawn === wanted) return
  drawn.drawn = wanted
  drawn.classList.remove("dr-sent")
  drawn.classList.toggle("dr-dimmed", tile.dimmed)
  drawn.setAttribute("aria-label", describe(tile))
  drawn.title = describe(tile)
  const image = drawn.querySelector("img")
  if (image.getAttribute("src") !== tile.source) {
    drawn.classList.remove("dr-broken")
    image.src = tile.source
  }
  drawn.querySelector(".dr-frame").dataset.broken = texts.broken
  drawn.querySelector(".dr-look").title = texts.enlarge
  drawBadge(drawn.querySelector(".dr-badge"), tile)
  const strong = tile.strong ? [element("b", {}, named(tile.strong)), " "] : []
  const caption = drawn.querySelector(".dr-caption")
  caption.replaceChildren(...strong, named(tile.caption))
  caption.hidden = !tile.strong && !tile.caption
}

function drawBadge(drawn, tile) {
  drawn.hidden = !tile.badge
  drawn.classList.toggle("dr-attention", tile.attention)
  drawn.replaceChildren(named(tile.badge))
}

/** Description of a picture for screen readers. */
function describe(tile) {
  return [tile.strong, tile.caption, tile.badge]
    .filter(Boolean)
    .map(part => `\u2068${part}\u2069`)
    .join(", ")
}

/** Acknowledge an action at once; the page's answer ends the effect. */
function flash(tile) {
  if (!tile) return
  tile.classList.remove("dr-sent")
  void tile.offsetWidth // otherwise the animation would not restart
  tile.classList.add("dr-sent")
}
