package org.example.classifier

import android.Manifest
import android.graphics.Color
import android.os.Bundle
import android.view.Gravity
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.FrameLayout
import android.widget.TextView
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import androidx.core.content.ContextCompat
import java.util.concurrent.Executors

/** Names what the camera sees. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()
    private val classifier by lazy { Classifier(assets) }
    private val smoothing = Smoothing()
    private lateinit var preview: PreviewView
    private lateinit var text: TextView

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        preview = PreviewView(this)
        text = TextView(this).apply {
            textSize = 24f
            setTextColor(Color.WHITE)
            setBackgroundColor(Color.argb(160, 0, 0, 0))
            setPadding(32, 32, 32, 32)
        }
        setContentView(FrameLayout(this).apply {
            fitsSystemWindows = true
            addView(preview)
            addView(text, FrameLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT, Gravity.BOTTOM))
        })
        registerForActivityResult(ActivityResultContracts.RequestPermission()) { isGranted ->
            if (isGranted) startCamera() else text.setText(R.string.no_camera)
        }.launch(Manifest.permission.CAMERA)
    }

    override fun onDestroy() {
        super.onDestroy()
        worker.shutdown()
    }

    private fun startCamera() {
        val provider = ProcessCameraProvider.getInstance(this)
        provider.addListener({
            val shown = Preview.Builder().build().also { it.surfaceProvider = preview.surfaceProvider }
            val analysis = ImageAnalysis.Builder()
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                // Upright, as pictures were in training.
                .setOutputImageRotationEnabled(true)
                .build()
                .also { it.setAnalyzer(worker, ::classify) }
            provider.get().unbindAll()
            provider.get().bindToLifecycle(this, CameraSelector.DEFAULT_BACK_CAMERA, shown, analysis)
        }, ContextCompat.getMainExecutor(this))
    }

    private fun classify(frame: ImageProxy) {
        val outputs = frame.use {
            val plane = it.planes[0]
            val bytes = ByteArray(plane.buffer.remaining()).also { bytes -> plane.buffer.get(bytes) }
            classifier.outputs(Pixels(bytes, plane.rowStride, it.width, it.height))
        }
        val average = smoothing.take(outputs, System.nanoTime() / 1e9)
        val sentence = sentence(classifier.labels.answer(average), average)
        runOnUiThread { text.text = sentence }
    }

    private fun sentence(answer: Answer, outputs: Outputs): String {
        if (answer.isStranger || answer.labels.isEmpty()) return getString(R.string.none_of_them)
        val names = classifier.labels.classNames
        val shown = answer.labels.joinToString { "$it ${(100 * outputs.probabilities[names.indexOf(it)]).toInt()}%" }
        return if (answer.isUnsure) getString(R.string.unsure, shown) else shown
    }
}
