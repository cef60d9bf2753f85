// The page of a server asks it, and draws what it answers.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const LABELS = { class_names: ["cat", "dog"], task: "multi_class" }
const ANSWER = {
  classes: [
    { name: "dog", probability: 0.8 },
    { name: "cat", probability: 0.2 },
  ],
  labels: ["cat"],
  stranger: { score: 7, limit: 5, is_stranger: true },
  is_unsure: null,
}

/** The classifier of a page whose server replies like this; ``asked`` receives the requests. */
function remote(reply, asked = []) {
  const fetch = async (path, options) => {
    asked.push([path, options?.method])
    return reply
  }
  class OffscreenCanvas {
    getContext = () => ({ drawImage() {} })
    convertToBlob = async () => "frame"
  }
  const names = ["RemoteClassifier", "connect"]
  return load(["answer.js", "remote.js"], names, { fetch, OffscreenCanvas })
}

function ok(content) {
  return { ok: true, json: async () => content }
}

test("a picture's answer is the server's, not one that the page decides", async () => {
  const asked = []
  const { RemoteClassifier } = remote(ok({ predictions: [ANSWER] }), asked)
  const answer = await new RemoteClassifier(LABELS).classify("picture")
  assert.deepEqual(asked, [["predict?top=2", "POST"]])
  assert.deepEqual(answer.labels, ["cat"])
  assert.deepEqual([answer.isStranger, answer.isUnsure, answer.strangerScore], [true, false, 7])
})

test("numbers of a camera's frame are in the order of the classes", async () => {
  const { RemoteClassifier } = remote(ok({ predictions: [{ ...ANSWER, stranger: null }] }))
  const outputs = await new RemoteClassifier(LABELS).outputs({ videoWidth: 4, videoHeight: 3 })
  assert.deepEqual(Array.from(outputs.probabilities), [0.2, 0.8])
  assert.equal(outputs.score, null)
})

test("a refusal fails with the server's sentence", async () => {
  const refusal = { ok: false, json: async () => ({ detail: "it is damaged or cut off" }) }
  const { RemoteClassifier } = remote(refusal)
  await assert.rejects(new RemoteClassifier(LABELS).classify("picture"), /damaged or cut off/)
})

test("a server that does not answer fails with its status", async () => {
  const { connect } = remote({ ok: false, status: 502 })
  await assert.rejects(connect(), /labels.json: 502/)
})
