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
