// Outbox: events on their way to Python, each handled once and in order.
//
// A user at the keyboard is faster than a rerun of the page. Events wait here until
// Python acknowledges them.

// A page that has not answered by then gets later events as well.
const PATIENCE_MS = 3000

class Outbox {
  /** `memory` ({ serial, queue }) outlives this object. */
  constructor(memory) {
    this.memory = memory
    this.sent = 0
    this.waiting = 0
  }

  push(event) {
    this.memory.queue.push({ ...event, serial: ++this.memory.serial })
    this.flush()
  }

  flush() {
    const { queue } = this.memory
    if (this.waiting || queue.length === 0) return
    this.sent = queue.at(-1).serial
    this.waiting = setTimeout(() => {
      this.waiting = 0
      if (queue.at(-1)?.serial > this.sent) this.flush()
    }, PATIENCE_MS)
    this.send(queue.map(event => ({ ...event, session: this.session })))
  }

  /** Drop events up to the serial number `answered`; a new session gets all that are left. */
  acknowledge(session, answered) {
    const { memory } = this
    const isOther = this.session !== session
    this.session = session
    memory.serial = Math.max(memory.serial, answered)
    memory.queue.splice(0, Infinity, ...memory.queue.filter(event => event.serial > answered))
    if (answered < this.sent && !isOther) return // the page is still at what was sent last
    this.close()
    this.flush()
  }

  close() {
    clearTimeout(this.waiting)
    this.waiting = 0
  }
}
