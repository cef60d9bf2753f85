package org.example.classifier

import kotlin.math.abs

/** Pixels as red, green, blue and a fourth byte each; rows begin [rowStride] bytes apart. */
class Pixels(val bytes: ByteArray, val rowStride: Int, val width: Int, val height: Int)

/**
 * Stretches a picture to a square as Darkroom does it in training: Pillow's bilinear filter, which widens as it
 * shrinks.
 * Android's own scaling looks at fewer pixels, so it would give other answers.
 *
 * Returns red, green and blue of each pixel, size × size.
 */
fun stretch(pixels: Pixels, size: Int): ByteArray {
    val across = weights(pixels.width, size)
    val down = weights(pixels.height, size)
    // Of each row that is needed, its stretched pixels.
    val rows = FloatArray(pixels.height * size * COLOURS)
    for (y in 0 until pixels.height) {
        for (x in 0 until size) {
            for (colour in 0 until COLOURS) {
                val start = y * pixels.rowStride + across[x].first * BYTES + colour
                val sum = across[x].sum { pixels.bytes[start + it * BYTES].toInt() and 0xff }
                rows[(y * size + x) * COLOURS + colour] = sum
            }
        }
    }
    val line = size * COLOURS
    return ByteArray(size * line) { index ->
        val window = down[index / line]
        val start = window.first * line + index % line
        (window.sum { rows[start + it * line] } + 0.5f).toInt().toByte()
    }
}

/** Weights of the pixels, from [first] on, that one stretched pixel is averaged from. */
private class Window(val first: Int, val shares: FloatArray) {
    inline fun sum(value: (Int) -> Number): Float {
        var total = 0f
        for (index in shares.indices) total += shares[index] * value(index).toFloat()
        return total
    }
}

private fun weights(length: Int, size: Int): List<Window> {
    val scale = length.toDouble() / size
    val reach = maxOf(1.0, scale)
    return List(size) { index ->
        val center = (index + 0.5) * scale
        val first = maxOf(0, (center - reach + 0.5).toInt())
        val end = minOf(length, (center + reach + 0.5).toInt())
        val shares = (first until end).map { maxOf(0.0, 1 - abs(it + 0.5 - center) / reach) }
        Window(first, FloatArray(shares.size) { (shares[it] / shares.sum()).toFloat() })
    }
}

private const val BYTES = 4
private const val COLOURS = 3
