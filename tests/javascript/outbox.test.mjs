// Events reach Python in order, and once.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

/** An outbox whose timer runs when the test says so. */
function outbox() {
  let timer = null
  const globals = {
    setTimeout: run => {
      timer = run
      return 1
    },
    clearTimeout: () => {
      timer = null
    },
  }
  const { Outbox } = load(["outbox.js"], ["Outbox"], globals)
  const box = new Outbox({ serial: 0, queue: [] })
  const sent = []
  box.send = events => sent.push(Array.from(events, event => event.serial))
  return { box, sent, runTimer: () => timer?.() }
}

test("what is done while the page answers waits for its answer", () => {
  const { box, sent } = outbox()
  box.push({ key: "1" })
  box.push({ key: "2" })
  assert.deepEqual(sent, [[1]])
  box.acknowledge("session", 1)
  assert.deepEqual(sent, [[1], [2]])
})

test("a page that says nothing is asked again once there is more to say", () => {
  const { box, sent, runTimer } = outbox()
  box.push({ key: "1" })
  box.push({ key: "2" })
  runTimer()
  assert.deepEqual(sent, [[1], [1, 2]])
})

test("serials go on after those of an earlier session", () => {
  const { box, sent } = outbox()
  box.acknowledge("session", 7)
  box.push({ key: "1" })
  assert.deepEqual(sent, [[8]])
})
