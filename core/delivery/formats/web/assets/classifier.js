// The classifier: LiteRT.js with the network, from picture to answer.

// Files of LiteRT.js, see runtime.py.
const RUNTIME = {
  core: "runtime/litert.js",
  utilities: "runtime/wasm-utils.js",
  loader: "runtime/litert_wasm.js",
  wasm: "runtime/litert_wasm.wasm",
}

class Classifier {
  constructor(labels, runtime, model) {
    Object.assign(this, { labels, runtime, model })
  }

  /** Answer for a picture: a File, Blob, image, video or canvas. The API is described in the README. */
  async classify(source) {
    return this.answer(await this.outputs(source))
  }

  /** Numbers that the network gives for a picture: probabilities of each class, and the stranger score or null. */
  async outputs(source) {
    return this.run(await readPicture(source, this.labels.input_size))
  }

  answer({ probabilities, score }) {
    return decide(this.labels, probabilities, score)
  }

  /** Run the network on RGB bytes, size × size × 3. */
  async run(pixels) {
    const size = this.labels.input_size
    const input = new this.runtime.Tensor(pixels, [1, size, size, 3])
    const outputs = await this.model.run([input])
    input.delete()
    const [probabilities, score] = outputs.map(tensor => {
      const values = tensor.toTypedArray()
      tensor.delete()
      return values
    })
    return { probabilities, score: score?.[0] ?? null }
  }
}

/** Load the classifier. open(name): bytes of one of its files, a Uint8Array. */
async function loadClassifier(open) {
  const [labels, content, runtime] = await Promise.all([
    open("labels.json"),
    open("model.tflite"),
    startRuntime(open),
  ])
  const model = await runtime.loadAndCompile(content, { accelerator: "wasm" })
  return new Classifier(JSON.parse(new TextDecoder().decode(labels)), runtime, model)
}

/** Start LiteRT.js from the bytes of its files, so that it also runs where nothing can be fetched. */
async function startRuntime(open) {
  const [core, utilities, loader, wasmBinary] = await Promise.all(Object.values(RUNTIME).map(open))
  const parts = scriptAddress(utilities)
  const source = new TextDecoder().decode(core).replaceAll("@litertjs/wasm-utils", parts)
  const runtime = await import(scriptAddress(source))
  // Its loader looks here for the WebAssembly file; without it, it would fetch one. It reports each step as an error.
  self.Module = { wasmBinary, printErr: line => console.debug(line) }
  // LiteRT.js takes an address for a script's by its end.
  await runtime.loadLiteRt(`${scriptAddress(loader)}#.js`)
  return runtime
}

function scriptAddress(source) {
  return URL.createObjectURL(new Blob([source], { type: "text/javascript" }))
}
