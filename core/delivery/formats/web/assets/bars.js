// An answer drawn as a sentence and bars. Names become text, never HTML.

const MAX_BARS = 5

/** Draw an answer into an element. texts: stranger, would_be, unsure, no_class. */
function drawAnswer(target, answer, texts) {
  target.replaceChildren(...verdict(answer, texts), bars(answer))
}

function verdict(answer, texts) {
  if (answer.isStranger) return [line("dr-answer", texts.stranger), line("dr-note", texts.would_be)]
  const names = answer.labels.flatMap((name, index) => [index > 0 ? ", " : "", named(name)])
  const said = line("dr-answer", ...(names.length > 0 ? names : [texts.no_class]))
  return answer.isUnsure ? [line("dr-note", texts.unsure), said] : [said]
}

function line(className, ...content) {
  return element("p", { class: className }, ...content)
}

/** Bars of the most probable classes, and of those that are the answer. */
function bars(answer) {
  const marked = answer.isStranger ? [] : answer.labels
  const shown = answer.classes.filter(({ name }, index) => index < MAX_BARS || marked.includes(name))
  return element("dl", { class: "dr-shares" }, ...shown.map(item => bar(item, marked.includes(item.name))))
}

function bar({ name, probability }, isMarked) {
  const share = percent(probability)
  const fill = element("span", { class: "dr-fill" })
  fill.style.width = `${100 * probability}%`
  return element(
    "div",
    { class: isMarked ? "dr-marked" : "" },
    element("dt", { title: name }, named(name)),
    element("dd", {}, element("span", { class: "dr-track", "aria-hidden": "true" }, fill), share),
  )
}

/** Format a share as ``core/formatting.py`` does: only 1 is 100%, and only 0 is 0%. */
function percent(share) {
  if (share > 0 && share < 0.0005) return "<0.1%"
  if (share >= 0.9995 && share < 1) return ">99.9%"
  return `${(100 * share).toFixed(1).replace(/\.0$/, "")}%`
}
