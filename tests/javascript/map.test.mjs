// The lasso and the points of the map.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const { FeatureMap, isInside } = load(["finding.js", "feature_map.js"], ["FeatureMap", "isInside"], { atob })

test("a point in the notch of a polygon is outside", () => {
  const [xs, ys] = [
    [0, 4, 4, 2, 0],
    [0, 0, 4, 1, 4],
  ]
  assert.equal(isInside(0.5, 1, xs, ys), true)
  assert.equal(isInside(2, 3, xs, ys), false)
  assert.equal(isInside(5, 1, xs, ys), false)
})

test("no polygon holds nothing", () => {
  assert.equal(isInside(0, 0, [], []), false)
})

/** A map without its element, and what it has sent to Python. */
function emptyMap() {
  const map = Object.create(FeatureMap.prototype)
  const sent = []
  Object.assign(map, { memory: {}, send: selection => sent.push({ ...selection }) })
  return { map, sent }
}

const POINTS = { x: "AAA=", y: "//8=", pictures: "", names: ["1.png"] }

test("points that have not arrived are asked for", () => {
  const { map, sent } = emptyMap()
  assert.equal(map.receivePoints({ digest: "a", points: null }), false)
  assert.deepEqual(sent, [{ points: "", rows: "" }])
  assert.equal(map.receivePoints({ digest: "a", points: POINTS }), true)
  assert.deepEqual([map.x[0], map.y[0], map.count], [0, 1, 1])
  assert.equal(map.receivePoints({ digest: "a", points: null }), true)
  assert.equal(sent.length, 1)
})

test("points of another dataset are not drawn in place of the right ones", () => {
  const { map, sent } = emptyMap()
  map.receivePoints({ digest: "a", points: POINTS })
  assert.equal(map.receivePoints({ digest: "b", points: null }), false)
  assert.deepEqual(sent, [{ points: "", rows: "" }])
})

/** A map of so many classes, of which some are chosen, with a text in its search field. */
function legendOf(count, chosen, typed) {
  const { map } = emptyMap()
  const categories = Array.from({ length: count }, (_, index) => ({ name: `class ${index}`, kind: "class" }))
  categories.push({ name: "Without label", kind: "unlabelled" })
  Object.assign(map, { data: { categories }, memory: { categories: new Set(chosen) }, find: { value: typed } })
  const { listed, left } = map.listedCategories(categories.map((_, index) => index))
  return { listed: [...listed], left }
}

test("a legend of few classes shows all of them", () => {
  const { listed, left } = legendOf(49, [], "anything")
  assert.deepEqual([listed.length, left], [50, 0])
})

test("a legend of very many classes shows some, the chosen ones and pictures without a class", () => {
  const { listed, left } = legendOf(1000, [700], "")
  assert.deepEqual([listed.length, left], [52, 949])
  assert.deepEqual(listed.slice(-3), [49, 700, 1000])
})

test("typing finds a class that was not shown", () => {
  const tens = Array.from({ length: 10 }, (_, index) => 770 + index)
  assert.deepEqual(legendOf(1000, [], "class 77"), { listed: [77, ...tens, 1000], left: 0 })
})
