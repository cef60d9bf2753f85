// The functions of our component files, which are joined scripts and export nothing.

import { readFileSync } from "node:fs"
import { createContext, runInContext } from "node:vm"

const FOLDER = new URL("../../pages/ui/components/assets/", import.meta.url)

/** Run files of the assets folder in one context and return the named functions and classes. */
export function load(files, names, globals = {}) {
  const source = files.map(file => readFileSync(new URL(file, FOLDER), "utf8")).join("\n")
  const script = source.replace(/export default function/, "function component")
  const context = createContext({ ...globals })
  return runInContext(`${script}\n;({ ${names.join(", ")} })`, context)
}
