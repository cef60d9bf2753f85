package org.example.classifier

import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Files inside a LiteRT model from Darkroom: they stand in an uncompressed zip archive behind the network. */
class ModelFiles(private val model: ByteArray) {
    private val numbers = ByteBuffer.wrap(model).order(ByteOrder.LITTLE_ENDIAN)

    /** Text of a file, such as labels.txt or darkroom.json. */
    fun text(name: String): String {
        // The archive ends with a record that says how many files there are, and where their list begins.
        val end = model.size - END_BYTES
        require(end >= 0 && numbers.getInt(end) == END_SIGNATURE) { "This model has no labels inside." }
        var entry = numbers.getInt(end + 16)
        repeat(number(end + 10)) {
            val length = number(entry + 28)
            if (String(model, entry + 46, length, Charsets.UTF_8) == name) return content(entry)
            entry += 46 + length + number(entry + 30) + number(entry + 32)
        }
        throw IllegalArgumentException("This model has no $name inside.")
    }

    private fun content(entry: Int): String {
        val file = numbers.getInt(entry + 42)
        val start = file + 30 + number(file + 26) + number(file + 28)
        return String(model, start, numbers.getInt(entry + 20), Charsets.UTF_8)
    }

    private fun number(at: Int): Int = numbers.getShort(at).toInt() and 0xffff

    private companion object {
        const val END_BYTES = 22
        const val END_SIGNATURE = 0x06054b50
    }
}
