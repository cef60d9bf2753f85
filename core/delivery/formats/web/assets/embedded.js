// Files that stand in the page itself: gzip in Base64.

/** Take a file out of the page: its bytes. */
async function takeEmbedded(name) {
  const node = document.getElementById(name)
  const text = atob(node.textContent)
  node.remove()
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = text.charCodeAt(index)
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))
  return new Uint8Array(await new Response(unpacked).arrayBuffer())
}
