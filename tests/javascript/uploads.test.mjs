// The files of a drop: junk is left out, wrong kinds are refused by name.

import assert from "node:assert/strict"
import { test } from "node:test"
import { load } from "./load.mjs"

const files = ["elements.js", "upload_files.js"]
const { isJunk, refusalOf, droppedFiles } = load(files, ["isJunk", "refusalOf", "droppedFiles"])
const TEXTS = { nothing: "nothing", noFolder: "no folder", oneOnly: "one only", wrongKind: "not {name}" }
const ZIP = { texts: TEXTS, accept: [".zip"], multiple: false, folder: false }

test("hidden files and what desktops leave behind are junk", () => {
  const paths = [".DS_Store", "cats/Thumbs.db", "__MACOSX/cats/1.jpg", "cats/.git/x", "cats/1.jpg"]
  assert.deepEqual(paths.map(isJunk), [true, true, true, true, false])
})

test("a refusal says why", () => {
  const of = (...paths) => paths.map(path => ({ path }))
  assert.equal(refusalOf([], ZIP), "nothing")
  assert.equal(refusalOf(of("a/b.zip"), ZIP), "no folder")
  assert.equal(refusalOf(of("a.zip", "b.zip"), ZIP), "one only")
  assert.equal(refusalOf(of("a.rar"), ZIP), "not a.rar")
  assert.equal(refusalOf(of("A.ZIP"), ZIP), null)
  assert.equal(refusalOf(of("cats/1.jpg", "notes.txt"), { ...ZIP, folder: true }), "not notes.txt")
})

test("dropped folders are walked to the last batch of entries, in order", async () => {
  const file = path => ({
    name: path.split("/").at(-1),
    isFile: true,
    fullPath: `/${path}`,
    file: resolve => resolve({ path }),
  })
  const folder = (name, ...batches) => ({
    name,
    isFile: false,
    createReader: () => {
      const left = [...batches, []]
      return { readEntries: resolve => resolve(left.shift()) }
    },
  })
  const root = folder("pets", [file("pets/b.jpg"), file("pets/.DS_Store")], [file("pets/a.jpg")])
  const dropped = await droppedFiles({ items: [{ webkitGetAsEntry: () => root }] })
  assert.deepEqual(Array.from(dropped, item => item.path), ["pets/a.jpg", "pets/b.jpg"])
})
