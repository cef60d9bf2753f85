// Plotly, loaded from our own server once for each page.

function loadPlotly(path) {
  window.darkroomPlotly ??= new Promise((resolve, reject) => {
    const script = element("script", { src: path })
    script.onload = () => resolve(window.Plotly)
    script.onerror = () => {
      window.darkroomPlotly = undefined // the next redraw tries again
      script.remove()
      reject(new Error("Plotly could not be loaded"))
    }
    document.head.append(script)
  })
  return window.darkroomPlotly
}

/**
 * Give a chart the width of its element. To be called whenever the element changes size: Plotly follows the window
 * only, and misses a tab that opens or a sidebar that closes.
 */
function fitChart(element) {
  const drawn = element._fullLayout?.width
  const width = Number.parseFloat(getComputedStyle(element).width)
  if (drawn === undefined || !width || Math.abs(drawn - width) < 1) return
  window.Plotly.Plots.resize(element).catch(() => {}) // hidden again meanwhile
}
