// Numbers of a network become an answer.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const { decide, smoothed, percent, rate, languageOf } = load(
  ["answer.js", "bars.js", "live.js", "page.js"],
  ["decide", "smoothed", "percent", "rate", "languageOf"],
)

const cats = { class_names: ["cat", "dog", "owl"], task: "multi_class" }

function labelsOf(labels, probabilities) {
  return Array.from(decide(labels, probabilities, null).labels)
}

test("the most probable class is the answer, and all classes are listed by probability", () => {
  const answer = decide(cats, [0.2, 0.7, 0.1], null)
  assert.deepEqual(Array.from(answer.labels), ["dog"])
  assert.deepEqual(
    Array.from(answer.classes, ({ name }) => name),
    ["dog", "cat", "owl"],
  )
  assert.equal(answer.isStranger, false)
})

test("a class with a threshold is the answer from it on, else the best one without", () => {
  const labels = { ...cats, thresholds: [null, null, 0.1] }
  assert.deepEqual(labelsOf(labels, [0.2, 0.7, 0.1]), ["owl"])
  assert.deepEqual(labelsOf(labels, [0.21, 0.7, 0.09]), ["dog"])
})

test("of several classes that reach their thresholds, the greatest factor wins", () => {
  const labels = { ...cats, thresholds: [0.5, 0.1, 0.9] }
  assert.deepEqual(labelsOf(labels, [0.7, 0.2, 0.1]), ["dog"])
})

test("with several labels, every class from its threshold on is answered, also none", () => {
  const labels = { ...cats, task: "multi_label", thresholds: [0.5, 0.2, 0.9] }
  assert.deepEqual(labelsOf(labels, [0.5, 0.7, 0.8]), ["dog", "cat"])
  assert.deepEqual(labelsOf(labels, [0.4, 0.1, 0.8]), [])
})

test("a score above the limit is a stranger, and one without a limit never is", () => {
  const limited = { ...cats, stranger_limit: 3 }
  assert.equal(decide(limited, [0.2, 0.7, 0.1], 3.01).isStranger, true)
  assert.equal(decide(limited, [0.2, 0.7, 0.1], 3).isStranger, false)
  assert.equal(decide(cats, [0.2, 0.7, 0.1], 1000).isStranger, false)
})

test("an answer below the least confidence is unsure", () => {
  const one = { ...cats, least_confidence: 0.7 }
  assert.equal(decide(one, [0.2, 0.7, 0.1], null).isUnsure, false)
  assert.equal(decide(one, [0.21, 0.69, 0.1], null).isUnsure, true)
  // 0.9 · 0.8 · (1 − 0.1) = 0.648
  const several = { ...cats, task: "multi_label", thresholds: [0.5, 0.5, 0.5], least_confidence: 0.65 }
  assert.equal(decide(several, [0.9, 0.8, 0.1], null).isUnsure, true)
  assert.equal(decide({ ...several, least_confidence: 0.64 }, [0.9, 0.8, 0.1], null).isUnsure, false)
})

test("frames are averaged exponentially, and the first one stands alone", () => {
  const first = { probabilities: [1, 0], score: 4 }
  assert.equal(smoothed(undefined, first, 0.25), first)
  const second = smoothed(first, { probabilities: [0, 1], score: 0 }, 0.25)
  assert.deepEqual(Array.from(second.probabilities), [0.75, 0.25])
  assert.equal(second.score, 3)
})

test("shares read as on Darkroom's pages", () => {
  assert.deepEqual([0, 0.0004, 0.0005, 0.921, 0.9994, 0.9995, 1].map(percent), [
    "0%",
    "<0.1%",
    "0.1%",
    "92.1%",
    "99.9%",
    ">99.9%",
    "100%",
  ])
})

test("the rate is that of the intervals between frames", () => {
  assert.equal(rate([0, 50, 100]), 20)
  assert.equal(rate([7]), 0)
})

test("a page speaks the reader's first language that it knows", () => {
  assert.equal(languageOf(["de", "zh-TW", "en-GB"], ["en", "zh-CN"]), "zh-CN")
  assert.equal(languageOf(["fr"], ["en", "zh-CN"]), "en")
})
