// The rule that turns a classifier's numbers into an answer; that of ``predict.py`` in Darkroom's Python bundle.

const SMALLEST_THRESHOLD = 1e-9

/**
 * Decide the answer to one picture.
 * labels: content of labels.json. probabilities: of each class. score: the stranger score, or null.
 */
function decide(labels, probabilities, score) {
  const order = ranked(probabilities)
  const chosen = chosenClasses(labels, probabilities, order)
  return {
    classes: order.map(index => ({ name: labels.class_names[index], probability: probabilities[index] })),
    labels: chosen.map(index => labels.class_names[index]),
    strangerScore: score,
    isStranger: labels.stranger_limit != null && score != null && score > labels.stranger_limit,
    isUnsure: isUnsure(labels, probabilities, chosen),
  }
}

/** Indices of the classes, the most probable first. */
function ranked(probabilities) {
  return Array.from(probabilities, (_, index) => index).sort((a, b) => probabilities[b] - probabilities[a])
}

/**
 * Indices of the classes that a picture shows. Where it may show several, those from their thresholds on. Where it
 * shows one: of the classes that reach their threshold, the one that exceeds it by the greatest factor; if none does,
 * the most probable class without a threshold.
 */
function chosenClasses(labels, probabilities, order) {
  const least = labels.thresholds ?? order.map(() => null)
  if (labels.task === "multi_label") return order.filter(index => probabilities[index] >= least[index])
  const limited = order.filter(index => least[index] != null)
  const reached = limited.filter(index => probabilities[index] >= least[index])
  const others = order.filter(index => least[index] == null)
  if (others.length > 0 && reached.length === 0) return others.slice(0, 1)
  const factor = index => probabilities[index] / Math.max(least[index], SMALLEST_THRESHOLD)
  const candidates = reached.length > 0 ? reached : limited
  return [candidates.reduce((best, index) => (factor(index) > factor(best) ? index : best))]
}

/** True for an answer that is less probable than ``least_confidence``. */
function isUnsure(labels, probabilities, chosen) {
  if (labels.least_confidence == null) return false
  if (labels.task !== "multi_label") return probabilities[chosen[0]] < labels.least_confidence
  const factors = Array.from(probabilities, (share, index) => (chosen.includes(index) ? share : 1 - share))
  return factors.reduce((product, factor) => product * factor, 1) < labels.least_confidence
}

/**
 * Average outputs over frames, exponentially: the newest frame counts with ``share``, 0 to 1, the earlier ones with
 * the rest. Outputs are {probabilities, score}; the first frame has none before it.
 */
function smoothed(before, now, share) {
  if (!before) return now
  const mix = (old, fresh) => old + share * (fresh - old)
  return {
    probabilities: now.probabilities.map((fresh, index) => mix(before.probabilities[index], fresh)),
    score: now.score == null || before.score == null ? now.score : mix(before.score, now.score),
  }
}
