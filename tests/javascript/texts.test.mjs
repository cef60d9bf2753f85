// Sentences, sizes and times as a component writes them.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const { fill, counted, cleanup } = load(["elements.js"], ["fill", "counted", "cleanup"])
const { sizeText, timeText } = load(["elements.js", "upload.js"], ["sizeText", "timeText"])
const { plain, matching } = load(["finding.js"], ["plain", "matching"])
const { keyOf } = load(["picture_grid.js"], ["keyOf"])

test("places of a template are filled, unknown ones stay", () => {
  assert.equal(fill("{n} of {count}", { n: 0, count: 3 }), "0 of 3")
  assert.equal(fill("{n} of {other}", { n: 1 }), "1 of {other}")
})

test("one takes the first form, every other number the second", () => {
  const forms = ["{n} picture", "{n} pictures"]
  assert.deepEqual([0, 1, 2].map(n => counted(forms, n)), ["0 pictures", "1 picture", "2 pictures"])
})

test("only the newest call cleans up", () => {
  const part = {}
  let left = 0
  const first = cleanup(part, () => left++)
  const second = cleanup(part, () => left++)
  first()
  assert.equal(left, 0)
  second()
  assert.equal(left, 1)
})

test("a size has three digits or one decimal", () => {
  const sizes = [0, 999, 1000, 99_949, 99_950, 999_949, 999_950, 2_000_000_000_000]
  const expected = ["0 B", "999 B", "1.0 kB", "99.9 kB", "100 kB", "1000 kB", "1.0 MB", "2.0 TB"]
  assert.deepEqual(sizes.map(sizeText), expected)
})

test("time left is a second at least and hours at most", () => {
  const texts = { seconds: "{seconds} s", minutes: "{minutes} min", hours: "{hours} h {minutes} min" }
  assert.deepEqual([0, 59.4, 60, 3599, 5400].map(seconds => timeText(seconds, texts)), [
    "1 s",
    "59 s",
    "1 min",
    "1 h 0 min",
    "1 h 30 min",
  ])
})

test("a search ignores capitals and accents", () => {
  assert.equal(plain("  École "), "ecole")
})

test("names that begin with what is typed come before those that contain it", () => {
  assert.deepEqual([...matching(["wildcat", "dog", "Cat", "École"], "cat")], [2, 0])
  assert.deepEqual([...matching(["b", "a"], "")], [0, 1])
  assert.deepEqual([...matching(["b", "a"], "c")], [])
})

test("a key without Latin letters is the one printed in its place", () => {
  assert.equal(keyOf({ key: "X", code: "KeyX" }), "x")
  assert.equal(keyOf({ key: "ч", code: "KeyX" }), "x")
  assert.equal(keyOf({ key: "ArrowLeft", code: "ArrowLeft" }), "arrowleft")
})
