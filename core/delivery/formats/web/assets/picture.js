// Decoding of pictures to a network's input, equal to Darkroom's decoder as far as a browser allows.
//
// The browser decodes the file, turns it upright and converts its colours to sRGB. All resizing is done here in
// Pillow's arithmetic, because a canvas smooths less when it shrinks, and every browser does it differently.

// Smallest limits of a canvas among today's browsers (Safari on iOS).
const MAX_CANVAS_PIXELS = 16_777_216
const MAX_CANVAS_SIDE = 16_384
// Scales at which a JPEG decoder can decode, see ``decode_picture`` in Python.
const JPEG_SCALES = [8, 4, 2]
const REDUCING_GAP = 3
// Bits behind the point of a weight in Pillow's resampling.
const PRECISION = 22

/**
 * Read a picture as the input of a network: RGB bytes, size × size × 3.
 * source: a Blob or File, or whatever a canvas can draw: an image, video, canvas or ImageBitmap.
 */
async function readPicture(source, size) {
  if (!(source instanceof Blob)) return stretched(pixelsOf(source), size, false)
  const bitmap = await createImageBitmap(source)
  try {
    return stretched(pixelsOf(bitmap), size, await isJpeg(source))
  } finally {
    bitmap.close()
  }
}

async function isJpeg(blob) {
  const [first, second, third] = new Uint8Array(await blob.slice(0, 3).arrayBuffer())
  return first === 0xff && second === 0xd8 && third === 0xff
}

/** Pixels of an image on white: RGBA. An image that no canvas can hold is shrunk first. */
function pixelsOf(image) {
  const full = {
    width: image.videoWidth || image.naturalWidth || image.width,
    height: image.videoHeight || image.naturalHeight || image.height,
  }
  const { width, height } = fitted(full.width, full.height)
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })
  context.fillStyle = "#fff"
  context.fillRect(0, 0, width, height)
  context.imageSmoothingQuality = "high"
  context.drawImage(image, 0, 0, width, height)
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 }
}

function fitted(width, height) {
  const scale = Math.min(
    1,
    Math.sqrt(MAX_CANVAS_PIXELS / (width * height)),
    MAX_CANVAS_SIDE / Math.max(width, height),
  )
  return { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) }
}

/** Stretch a picture to a square as ``load_picture`` does: Pillow's ``draft``, ``reduce`` and ``resize``. */
function stretched(picture, size, isFromJpeg) {
  const decoded = isFromJpeg ? drafted(picture, 2 * size) : picture
  const gap = length => Math.max(1, Math.trunc(length / size / REDUCING_GAP))
  const [x, y] = [gap(decoded.width), gap(decoded.height)]
  const small = reduced(decoded, x, y)
  return resized(small, decoded.width / x, decoded.height / y, size)
}

/** Shrink as a JPEG decoder does that computes the mean of each 2, 4 or 8 pixels a side. */
function drafted(picture, least) {
  const ratio = Math.min(Math.floor(picture.width / least), Math.floor(picture.height / least))
  const scale = JPEG_SCALES.find(item => ratio >= item) ?? 1
  return reduced(picture, scale, scale)
}

/** Mean of each block of so many pixels, rounded as Pillow's ``Image.reduce`` does. */
function reduced(picture, across, down) {
  if (across === 1 && down === 1) return picture
  const width = Math.ceil(picture.width / across)
  const height = Math.ceil(picture.height / down)
  const data = new Uint8Array(width * height * 3)
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3)
      averageBlock(picture, x * across, y * down, across, down, data, to)
  }
  return { data, width, height, channels: 3 }
}

/** Write the mean colour of the part of a block that lies in the picture to ``out``. */
function averageBlock({ data, width, height, channels }, left, top, across, down, out, to) {
  const right = Math.min(width, left + across)
  const bottom = Math.min(height, top + down)
  const count = (right - left) * (bottom - top)
  const multiplier = Math.floor(2 ** 24 / count)
  let red = count >> 1
  let green = red
  let blue = red
  for (let y = top; y < bottom; y++) {
    const end = (y * width + right) * channels
    for (let at = (y * width + left) * channels; at < end; at += channels) {
      red += data[at]
      green += data[at + 1]
      blue += data[at + 2]
    }
  }
  out[to] = (red * multiplier) / 2 ** 24
  out[to + 1] = (green * multiplier) / 2 ** 24
  out[to + 2] = (blue * multiplier) / 2 ** 24
}

/**
 * Resize to size × size with Pillow's bilinear filter, which widens as it shrinks.
 * across, down: the part of the picture to use, from its corner; fractions of pixels count.
 */
function resized(picture, across, down, size) {
  // Pillow's choice of the first pass; it rounds in between.
  const isTall = picture.height > size && picture.height + size > 2 * picture.width
  return isTall
    ? resizedAcross(resizedDown(picture, down, size), across, size).data
    : resizedDown(resizedAcross(picture, across, size), down, size).data
}

function resizedAcross({ data, width, height, channels }, span, size) {
  const out = new Uint8Array(size * height * 3)
  filtered(data, out, weights(width, span, size), {
    lines: height,
    from: { line: width * channels, pixel: channels },
    to: { line: size * 3, pixel: 3 },
  })
  return { data: out, width: size, height, channels: 3 }
}

function resizedDown({ data, width, height, channels }, span, size) {
  const out = new Uint8Array(width * size * 3)
  filtered(data, out, weights(height, span, size), {
    lines: width,
    from: { line: channels, pixel: width * channels },
    to: { line: 3, pixel: width * 3 },
  })
  return { data: out, width, height: size, channels: 3 }
}

/** Weights of one side's pixels for each resized pixel: the first pixel's index, and fixed-point numbers. */
function weights(length, span, size) {
  // Pillow holds the part of the picture in single precision.
  const scale = Math.fround(span) / size
  const support = Math.max(1, scale)
  return Array.from({ length: size }, (_, index) => {
    const center = (index + 0.5) * scale
    const first = Math.max(0, Math.trunc(center - support + 0.5))
    const end = Math.min(length, Math.trunc(center + support + 0.5))
    const shares = []
    for (let at = first; at < end; at++) {
      shares.push(Math.max(0, 1 - Math.abs((at - center + 0.5) * (1 / support))))
    }
    const total = shares.reduce((sum, share) => sum + share, 0)
    return { first, fixed: Int32Array.from(shares, share => 0.5 + (share / total) * 2 ** PRECISION) }
  })
}

/** Filter every line of pixels; steps from line to line and from pixel to pixel say how lines run. */
function filtered(data, out, sums, { lines, from, to }) {
  for (let line = 0; line < lines; line++) {
    for (let index = 0; index < sums.length; index++) {
      const { first, fixed } = sums[index]
      let red = 1 << (PRECISION - 1)
      let green = red
      let blue = red
      let at = line * from.line + first * from.pixel
      for (let k = 0; k < fixed.length; k++, at += from.pixel) {
        const weight = fixed[k]
        red += weight * data[at]
        green += weight * data[at + 1]
        blue += weight * data[at + 2]
      }
      const target = line * to.line + index * to.pixel
      out[target] = red >> PRECISION
      out[target + 1] = green >> PRECISION
      out[target + 2] = blue >> PRECISION
    }
  }
}
