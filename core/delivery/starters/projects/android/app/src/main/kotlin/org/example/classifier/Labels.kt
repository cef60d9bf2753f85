package org.example.classifier

import org.json.JSONArray
import org.json.JSONObject
import kotlin.math.exp

/** The network's numbers for a picture. [score] is higher for pictures of none of the classes. */
class Outputs(val probabilities: FloatArray, val score: Float?)

/** Classes that a picture shows, the most probable first, and the doubts about them. */
data class Answer(val labels: List<String>, val isStranger: Boolean, val isUnsure: Boolean)

/** Classes and limits of a classifier: darkroom.json inside the model. */
class Labels(json: String) {
    private val facts = JSONObject(json)
    private val hasSeveral = facts.getString("task") == "multi_label"
    private val strangerLimit = facts.number("stranger_limit")
    private val leastConfidence = facts.number("least_confidence")
    val classNames = facts.getJSONArray("class_names").let { names -> List(names.length(), names::getString) }
    val inputSize = facts.getInt("input_size")

    /** Probability from which each class is answered; null: it has none. */
    private val thresholds = facts.optJSONArray("thresholds").let { list ->
        classNames.indices.map { list?.number(it) }
    }

    /** The rule that turns the network's numbers into an answer; that of predict.py in Darkroom's Python bundle. */
    fun answer(outputs: Outputs): Answer {
        val probabilities = outputs.probabilities.map(Float::toDouble)
        val order = probabilities.indices.sortedByDescending { probabilities[it] }
        val chosen = if (hasSeveral) {
            order.filter { probabilities[it] >= (thresholds[it] ?: 1.0) }
        } else {
            listOf(best(probabilities, order))
        }
        val confidence = if (hasSeveral) {
            order.fold(1.0) { product, it -> product * if (it in chosen) probabilities[it] else 1 - probabilities[it] }
        } else {
            probabilities[chosen.first()]
        }
        return Answer(
            labels = chosen.map(classNames::get),
            isStranger = strangerLimit != null && outputs.score != null && outputs.score > strangerLimit,
            isUnsure = leastConfidence != null && confidence < leastConfidence,
        )
    }

    /**
     * Of the classes that reach their threshold, the one that exceeds it by the greatest factor; if none does, the
     * most probable class without a threshold.
     */
    private fun best(probabilities: List<Double>, order: List<Int>): Int {
        val (limited, others) = order.partition { thresholds[it] != null }
        val reached = limited.filter { probabilities[it] >= thresholds[it]!! }
        if (others.isNotEmpty() && reached.isEmpty()) return others.first()
        return reached.ifEmpty { limited }.maxBy { probabilities[it] / maxOf(thresholds[it]!!, 1e-9) }
    }
}

/** Average of outputs over frames: the newest frame counts with its share, the earlier ones with the rest. */
class Smoothing(private val seconds: Double = 0.3) {
    private var outputs: Outputs? = null
    private var time = 0.0

    /** Takes the outputs of a frame, with its time in seconds, and returns the average. */
    fun take(fresh: Outputs, now: Double): Outputs {
        val share = (1 - exp(-(now - time) / seconds)).toFloat()
        val mixed = outputs?.let { old -> mix(old, fresh, share) } ?: fresh
        outputs = mixed
        time = now
        return mixed
    }

    private fun mix(old: Outputs, fresh: Outputs, share: Float): Outputs {
        val mix = { before: Float, after: Float -> before + share * (after - before) }
        val probabilities = FloatArray(fresh.probabilities.size) { mix(old.probabilities[it], fresh.probabilities[it]) }
        return Outputs(probabilities, fresh.score?.let { mix(old.score ?: it, it) })
    }
}

private fun JSONObject.number(name: String): Double? = if (isNull(name)) null else getDouble(name)

private fun JSONArray.number(index: Int): Double? = if (isNull(index)) null else getDouble(index)
