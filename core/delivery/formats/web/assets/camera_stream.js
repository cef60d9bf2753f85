// The camera as a stream of a video element.

// Kinds of failure by the name of the browser's error.
const CAMERA_FAILURES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
}

/** True where the browser lends cameras: on this computer, from a file, or with https. */
function canUseCamera() {
  return window.isSecureContext && Boolean(navigator.mediaDevices)
}

/** Ask for the camera with this id, else for the one that looks away from the user; fails with the browser's error. */
function openCamera(deviceId, width, height) {
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } }
  const size = { width: { ideal: width }, height: { ideal: height } }
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, ...size } })
}

/** True for a camera that looks at the user, whose picture is shown mirrored. */
function isMirrored(stream) {
  return stream.getVideoTracks()[0].getSettings().facingMode !== "environment"
}

function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop()
}

/** Encode a blob for a message to Python. */
function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1))
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}
