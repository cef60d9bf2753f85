// Dropped or chosen files: folders are walked, junk is left out.

// Names that begin with a dot are junk as well.
const JUNK = new Set(["thumbs.db", "desktop.ini", "__macosx"])

const isJunk = path => path.split("/").some(part => part.startsWith(".") || JUNK.has(part.toLowerCase()))

/** Files of a drop, folders walked. Entries must be read before the first `await`. */
async function droppedFiles(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry()).filter(Boolean)
  const files = []
  for (const entry of entries) await walk(entry, files)
  return files.sort((one, other) => (one.path < other.path ? -1 : 1))
}

async function walk(entry, files) {
  if (isJunk(entry.name)) return
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject))
    files.push({ file, path: entry.fullPath.replace(/^\//, "") })
    return
  }
  const reader = entry.createReader()
  for (;;) {
    const batch = await new Promise((resolve, reject) => reader.readEntries(resolve, reject))
    if (batch.length === 0) return
    await Promise.all(batch.map(inner => walk(inner, files)))
  }
}

function chosenFiles(input) {
  const files = [...input.files].map(file => ({ file, path: file.webkitRelativePath || file.name }))
  input.value = "" // the same file can be chosen again
  return files
}

/** Files of the clipboard, such as a copied picture; none for a copied text. */
function pastedFiles(clipboard) {
  return [...(clipboard?.files ?? [])].map(file => ({ file, path: file.name }))
}

/** Reason for refusing these files, in the user's language; null if they are accepted. */
function refusalOf(files, { texts, accept, multiple, folder }) {
  if (files.length === 0) return texts.nothing
  if (!folder && files.some(({ path }) => path.includes("/"))) return texts.noFolder
  if (!folder && !multiple && files.length > 1) return texts.oneOnly
  const isKnown = ({ path }) => accept.some(ending => path.toLowerCase().endsWith(ending))
  const plain = files.filter(({ path }) => !path.includes("/"))
  const unknown = accept.length > 0 && plain.find(item => !isKnown(item))
  return unknown ? fill(texts.wrongKind, { name: unknown.path }) : null
}
