// DOM helpers. Names become text nodes, never HTML.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

/** A button of this class. */
function pressable(className, onClick) {
  const made = element("button", { type: "button", class: className })
  made.addEventListener("click", onClick)
  return made
}

/** Isolate a name in a sentence: right-to-left text does not reorder its neighbours. */
function named(text) {
  return element("bdi", {}, text)
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("viewBox", "0 0 16 16")
  svg.setAttribute("aria-hidden", "true")
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

const ICONS = {
  tick: "M3 8.5 6.5 12 13 4.5",
  look: "M9.5 3H13v3.5M13 3 9 7M6.5 13H3V9.5M3 13l4-4",
  previous: "M10 3 5 8l5 5",
  next: "m6 3 5 5-5 5",
  close: "m4 4 8 8M12 4l-8 8",
}

/** Fill the placeholders of a template such as "{n} of {count}". */
function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (placeholder, name) => values[name] ?? placeholder)
}

/** Choose the singular or plural form, given as [one, many], and fill in the number. */
function counted(forms, n) {
  return fill(forms[n === 1 ? 0 : 1], { n })
}

/**
 * Make the cleanup function that a component returns to Streamlit. Where new data overtakes a call, Streamlit cleans
 * up after that call although the element stays. Therefore only the newest call cleans up.
 */
function cleanup(part, leave) {
  const call = (part.calls ?? 0) + 1
  part.calls = call
  return () => {
    if (part.calls === call) leave()
  }
}
