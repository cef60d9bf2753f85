// Live classification: one loop over the frames, and a frozen frame with its own answer.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const { LiveClassifier } = load(["answer.js", "live.js"], ["LiveClassifier"], { performance })

/** Let everything run that waits for nothing outside. */
function idle() {
  return new Promise(resolve => setImmediate(resolve))
}

/** A promise with the function that resolves it. */
function gate() {
  const made = {}
  made.promise = new Promise(resolve => {
    made.open = resolve
  })
  return made
}

/** A video whose frames come when the test says so. */
function video() {
  let waiting = []
  return {
    requestVideoFrameCallback: callback => waiting.push(callback),
    async frame() {
      const called = waiting
      waiting = []
      for (const callback of called) callback()
      await idle()
    },
  }
}

/** A classifier that counts the pictures it was given. */
function counting() {
  const classifier = {
    pictures: 0,
    async outputs() {
      classifier.pictures += 1
      return { probabilities: [1], score: null }
    },
    answer: outputs => outputs,
  }
  return classifier
}

test("a classifier that was paused and started again classifies each frame once", async () => {
  const [watched, classifier] = [video(), counting()]
  const live = new LiveClassifier(classifier, watched, () => {})
  live.start()
  await watched.frame()
  assert.equal(classifier.pictures, 1)
  for (const _ of [1, 2]) {
    live.stop() // while it waits for a frame that does not come
    live.start()
  }
  await watched.frame()
  assert.equal(classifier.pictures, 2)
  live.stop()
  await watched.frame()
  assert.equal(classifier.pictures, 2)
})

/** A live camera without a page; its frame is encoded and answered when the test says so. */
function frozenCamera() {
  const [encoded, answered] = [gate(), gate()]
  class OffscreenCanvas {
    getContext() {
      return { drawImage() {} }
    }
    convertToBlob() {
      return encoded.promise
    }
  }
  const drawn = []
  const globals = {
    OffscreenCanvas,
    base64: async blob => blob,
    drawAnswer: (_, answer) => drawn.push(answer),
  }
  const { LiveCamera } = load(["live_camera.js"], ["LiveCamera"], globals)
  const delivered = []
  const answer = { shown: ["before"], style: {}, offsetHeight: 90 }
  answer.replaceChildren = () => {
    answer.shown = []
  }
  const camera = Object.assign(Object.create(LiveCamera.prototype), {
    answer,
    draw() {},
    deliver: jpeg => delivered.push(jpeg),
    video: { pause() {}, play() {} },
    watcher: { start() {}, stop() {}, classifier: { classify: () => answered.promise } },
  })
  return { camera, encoded, answered, delivered, drawn }
}

test("a frozen frame shows no answer of the frames before it", async () => {
  const { camera, encoded, answered, delivered, drawn } = frozenCamera()
  camera.freeze()
  assert.deepEqual(camera.answer.shown, [])
  assert.equal(camera.answer.style.minHeight, "90px")
  encoded.open("frame")
  await idle()
  assert.deepEqual(delivered, ["frame"], "Python need not wait for the browser's answer")
  assert.deepEqual(drawn, [])
  answered.open("its answer")
  await idle()
  assert.deepEqual(drawn, ["its answer"])
})

test("a frame that the user left before it was encoded does not reach Python", async () => {
  const { camera, encoded, delivered, drawn } = frozenCamera()
  camera.freeze()
  camera.resume()
  encoded.open("frame")
  await idle()
  assert.deepEqual(delivered, [null])
  assert.deepEqual(drawn, [])
})

test("the answer to an earlier frozen frame is not drawn beside a later one", async () => {
  const { camera, encoded, answered, drawn } = frozenCamera()
  camera.freeze()
  encoded.open("frame")
  await idle()
  camera.resume()
  camera.watcher = { ...camera.watcher, classifier: { classify: () => gate().promise } }
  camera.freeze()
  answered.open("the first one's")
  await idle()
  assert.deepEqual(drawn, [])
})

test("a camera whose classifier cannot be loaded is turned off", async () => {
  const stopped = []
  const globals = {
    canUseCamera: () => true,
    openCamera: async () => "stream",
    stopTracks: stream => stopped.push(stream),
    fetch: async () => ({ ok: false, status: 503 }),
    loadClassifier: open => open("labels.json"),
    CAMERA_FAILURES: {},
    fill: text => text,
  }
  const { LiveCamera } = load(["live_camera.js"], ["LiveCamera"], globals)
  const camera = Object.assign(Object.create(LiveCamera.prototype), {
    texts: { asking: "", loading: "", other: "failed" },
    draw() {},
    address: "",
  })
  await camera.start()
  assert.deepEqual(stopped, ["stream"])
  assert.equal(camera.said, "failed")
})
