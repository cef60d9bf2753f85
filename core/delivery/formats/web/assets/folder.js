// The files beside this module, and the module's exports.

async function fetchBeside(name) {
  const response = await fetch(new URL(name, import.meta.url))
  if (!response.ok) throw new Error(`${name}: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Load the classifier of this folder: `const classifier = await load()`. */
export function load() {
  return loadClassifier(fetchBeside)
}
