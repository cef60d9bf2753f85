// The files of a drop or a choice: folders walked, junk left out.

const JUNK = new Set(["thumbs.db", "desktop.ini", "__macosx"]) // and whatever is hidden by a dot

const isJunk = path => path.split("/").some(part => part.startsWith(".") || JUNK.has(part.toLowerCase()))

// The files of a drop; folders are walked. Entries must be taken before the first wait.
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean)
  const found = []
  for (const entry of entries) await walk(entry, found)
  return found.sort((one, other) => (one.path < other.path ? -1 : 1))
}

async function walk(entry, found) {
  if (isJunk(entry.name)) return
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject))
    found.push({ file, path: entry.fullPath.replace(/^\//, "") })
    return
  }
  const reader = entry.createReader()
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (some.length === 0) return
    await Promise.all(some.map(inner => walk(inner, found)))
  }
}

function chosenFiles(input) {
  const found = [...input.files].map(file => ({ file, path: file.webkitRelativePath || file.name }))
  input.value = "" // the same file can be chosen again
  return found
}

// Why these files are not taken here, in the reader's language; null if they are.
function objection(files, { words, accept, multiple, folder }) {
  if (files.length === 0) return words.nothing
  if (!folder && files.some(({ path }) => path.includes("/"))) return words.noFolder
  if (!folder && !multiple && files.length > 1) return words.oneOnly
  const isKnown = ({ path }) => accept.some(ending => path.toLowerCase().endsWith(ending))
  const plain = files.filter(({ path }) => !path.includes("/"))
  const stranger = accept.length > 0 && plain.find(item => !isKnown(item))
  return stranger ? fill(words.wrongKind, { name: stranger.path }) : null
}
