// Events on their way to Python, each acted on once and in order.
//
// A person at the keyboard is faster than the page. Whatever is done while the
// page still answers waits here, and is kept until Python says that it has it.

const PATIENCE_MS = 3000 // then a page that says nothing is asked again

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

  /** Python has acted on everything up to `answered`; another session has not heard of anything. */
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
