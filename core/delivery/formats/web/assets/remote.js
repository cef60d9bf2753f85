// The classifier of the server that this page comes from: pictures go there, answers come back.

class RemoteClassifier {
  constructor(labels) {
    this.labels = labels
  }

  /** Answer for a File or Blob, as the server decides it; fails with the server's sentence. */
  async classify(blob) {
    return answerOf(await this.ask(blob))
  }

  /** Numbers for a frame of the camera's video: probabilities of each class, and the stranger score or null. */
  async outputs(video) {
    const { classes, stranger } = await this.ask(await jpegOf(video))
    const shares = new Map(classes.map(({ name, probability }) => [name, probability]))
    const probabilities = this.labels.class_names.map(name => shares.get(name))
    return { probabilities, score: stranger?.score ?? null }
  }

  /** Answer for numbers that were averaged over frames. */
  answer({ probabilities, score }) {
    return decide(this.labels, probabilities, score)
  }

  async ask(blob) {
    const top = this.labels.class_names.length
    const response = await fetch(`predict?top=${top}`, { method: "POST", body: blob })
    const content = await response.json()
    if (!response.ok) throw new Error(content.detail)
    return content.predictions[0]
  }
}

/** An answer of the server in the form that ``decide`` gives. */
function answerOf({ classes, labels, stranger, is_unsure }) {
  return {
    classes,
    labels,
    strangerScore: stranger?.score ?? null,
    isStranger: Boolean(stranger?.is_stranger),
    isUnsure: Boolean(is_unsure),
  }
}

async function jpegOf(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
  canvas.getContext("2d").drawImage(video, 0, 0)
  return canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })
}

async function connect() {
  const response = await fetch("labels.json")
  if (!response.ok) throw new Error(`labels.json: ${response.status}`)
  return new RemoteClassifier(await response.json())
}
