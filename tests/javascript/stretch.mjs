// Stretch pictures as the browser does: node stretch.mjs JOBS.json. Each job names a file of RGB bytes, and one to write.

import { readFileSync, writeFileSync } from "node:fs"
import { load } from "./load.mjs"

const { stretched } = load(["picture.js"], ["stretched"])

for (const { source, width, height, size, isFromJpeg, target } of JSON.parse(readFileSync(process.argv[2]))) {
  const picture = { data: readFileSync(source), width, height, channels: 3 }
  writeFileSync(target, stretched(picture, size, isFromJpeg))
}
