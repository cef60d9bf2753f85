// Small makers of elements. Whatever names something arrives as a text node, never as HTML.

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

/** A name inside a sentence, kept from turning its neighbours around if it is written from right to left. */
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

/** "{n} of {count}" with its places filled. */
function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place)
}

/** The form of a sentence that fits a number, given as [one, many]. */
function counted(forms, n) {
  return fill(forms[n === 1 ? 0 : 1], { n })
}

/**
 * What a component gives Streamlit to clean up with. Where new data overtakes a call, Streamlit cleans up after that
 * call although the element stays: nothing is gone but after the newest one.
 */
function cleanup(part, leave) {
  const call = (part.calls ?? 0) + 1
  part.calls = call
  return () => {
    if (part.calls === call) leave()
  }
}
