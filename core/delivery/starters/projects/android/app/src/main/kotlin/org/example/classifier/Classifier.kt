package org.example.classifier

import android.content.res.AssetManager
import com.google.ai.edge.litert.CompiledModel

/** The classifier in assets/model.tflite, which holds its labels. Use it from one thread at a time. */
class Classifier(assets: AssetManager) : AutoCloseable {
    val labels = Labels(ModelFiles(assets.open(FILE).use { it.readBytes() }).text("darkroom.json"))
    private val model = CompiledModel.create(assets, FILE)
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()

    /** Runs the network on an upright picture. */
    fun outputs(picture: Pixels): Outputs {
        // Bytes are copied as they are, so this suits the network's uint8.
        inputs[0].writeInt8(stretch(picture, labels.inputSize))
        model.run(inputs, outputs)
        return Outputs(outputs[0].readFloat(), outputs.getOrNull(1)?.readFloat()?.first())
    }

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    private companion object {
        const val FILE = "model.tflite"
    }
}
