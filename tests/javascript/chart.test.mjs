// A chart draws itself, also one that is removed meanwhile, with buttons where a pointer can hover.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

/** Draw a chart with a Plotly that fails after it has returned; removed: the chart has left the page by then. */
function draw(isRemoved) {
  const globals = { getComputedStyle: () => ({ getPropertyValue: () => "" }) }
  const { drawChart } = load(["live_chart.js"], ["drawChart"], globals)
  const element = { dataset: {}, removeAllListeners() {}, on() {}, _fullLayout: {} }
  const react = async () => {
    await null
    if (isRemoved) element._fullLayout = undefined
    throw new TypeError("Cannot read properties of undefined (reading '_rehover')")
  }
  return drawChart({ react }, element, { figure: '{"data": [], "layout": {}}', fileName: "chart" })
}

test("a chart that is removed while it is drawn is no error", async () => {
  await draw(true)
})

test("any other failure of a drawing is an error", async () => {
  await assert.rejects(draw(false), TypeError)
})

test("on a touch screen, where they would never hide, a chart has no buttons over its legend", () => {
  const onScreen = matches => load(["live_chart.js"], ["modeBarOf"], { matchMedia: () => ({ matches }) }).modeBarOf
  assert.equal(onScreen(true)(true), "hover")
  assert.equal(onScreen(true)(false), false)
  assert.equal(onScreen(false)(true), false)
})

test("the interval of a bar has the colour of the text in either theme", () => {
  const style = { getPropertyValue: name => (name === "--st-text-color" ? "#ededef" : "") }
  const { themeOf } = load(["live_chart.js"], ["themeOf"], { getComputedStyle: () => style })
  assert.equal(themeOf({}).data.bar[0].error_x.color, "#ededef")
})
