// The functions of our JavaScript files, which are joined scripts and export nothing.

import { existsSync, readFileSync } from "node:fs"
import { createContext, runInContext } from "node:vm"

// Of the pages' components, and of exported pages.
const FOLDERS = ["../../pages/ui/components/assets/", "../../core/delivery/formats/web/assets/"].map(
  folder => new URL(folder, import.meta.url),
)

/** Run files of the assets folders in one context and return the named functions and classes. */
export function load(files, names, globals = {}) {
  const source = files.map(read).join("\n")
  const script = source.replace(/export default function/, "function component")
  const context = createContext({ ...globals })
  return runInContext(`${script}\n;({ ${names.join(", ")} })`, context)
}

function read(file) {
  const folder = FOLDERS.find(candidate => existsSync(new URL(file, candidate)))
  return readFileSync(new URL(file, folder), "utf8")
}
