// Chart component: draws a Plotly figure in the page's theme and updates it in place.

const charts = new WeakMap()

/** Plotly template with the colours and fonts of the page's theme. */
function themeOf(element) {
  const style = getComputedStyle(element)
  const value = name => style.getPropertyValue(`--st-${name}`).trim()
  const line = value("border-color")
  // Plotly's own is a dark grey, which the dark theme swallows.
  const whisker = { color: value("text-color") }
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true }
  return {
    data: { bar: [{ error_x: whisker, error_y: whisker }] },
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: value("chart-categorical-colors")
        .split(",")
        .map(color => color.trim()),
      font: { color: value("text-color"), family: value("font"), size: 13 },
      hoverlabel: {
        bgcolor: value("secondary-background-color"),
        bordercolor: line,
        font: { color: value("text-color"), family: value("font") },
      },
      modebar: {
        bgcolor: "rgba(0,0,0,0)",
        color: value("gray-text-color"),
        activecolor: value("text-color"),
      },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
      margin: { l: 56, r: 16, t: 32, b: 44 },
      xaxis: axis,
      yaxis: axis,
    },
  }
}

function drawChart(Plotly, element, chart) {
  const template = themeOf(element)
  const wanted = chart.figure + chart.fileName + JSON.stringify(template)
  if (chart.drawn === wanted) return
  chart.drawn = wanted
  const { data, layout } = JSON.parse(chart.figure)
  const drawing = Plotly.react(
    element,
    data,
    { ...layout, template, autosize: true, height: chart.height, uirevision: "keep" },
    {
      displaylogo: false,
      displayModeBar: chart.modeBar,
      toImageButtonOptions: { filename: chart.fileName },
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    },
  )
  element.dataset.redraws = Number(element.dataset.redraws ?? 0) + 1
  element.removeAllListeners("plotly_click")
  element.on("plotly_click", ({ points }) => {
    const mark = points.map(point => point.customdata).find(Number.isInteger)
    if (mark !== undefined) chart.report(mark)
  })
  // Plotly goes on after it has returned, and fails on a chart that was removed meanwhile.
  return drawing.catch(error => {
    if (element._fullLayout) throw error
  })
}

/** Plotly's buttons, where a pointer can hover: elsewhere they would always lie on the legend. */
function modeBarOf(isWanted) {
  return isWanted && matchMedia("(hover: hover)").matches ? "hover" : false
}

// Streamlit calls the default export again for new data and after a change of
// theme, always with the same element, and runs the returned function at the end.
export default function ({ data, parentElement, setTriggerValue }) {
  const element = parentElement.querySelector(".darkroom-live-chart")
  const chart = charts.get(element) ?? { observer: new ResizeObserver(() => fitChart(element)) }
  charts.set(element, chart)
  const { figure, height, fileName } = data
  Object.assign(chart, { figure, height, fileName, modeBar: modeBarOf(data.modeBar) })
  chart.report = mark => data.clickable && setTriggerValue("clicked", mark)
  element.style.minHeight = `${data.height}px`
  chart.observer.observe(element)
  loadPlotly(data.library).then(
    Plotly => element.isConnected && drawChart(Plotly, element, chart),
    () => {
      element.textContent = data.failure
    },
  )
  return cleanup(chart, () => {
    chart.observer.disconnect()
    window.Plotly?.purge(element)
    chart.drawn = undefined
  })
}
