// The lasso of the map.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const { isInside } = load(["feature_map.js"], ["isInside"])

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
