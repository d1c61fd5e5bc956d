// From events to places and back. Across goes either the order of events or the time; all panels share what is seen.

class Axis {
  constructor(runs) {
    this.runs = runs;
    this.kind = runs[0].clock === 'simulation' ? 'time' : 'order';
    this.fit();
  }

  get begin() {
    return this.kind === 'order' ? 0 : Math.min(...this.runs.map((run) => run.reached[0]));
  }

  get end() {
    return this.kind === 'order'
      ? Math.max(...this.runs.map((run) => run.length))
      : Math.max(...this.runs.map((run) => run.reached[run.length]));
  }

  // What is to be seen at the least: a few events, or a nanosecond of each pixel.
  get least() { return this.kind === 'order' ? 8 : 100; }

  fit() {
    const room = (this.end - this.begin) * 0.01;
    this.from = this.begin - room;
    this.to = this.end + room;
  }

  choose(kind, run, event) {
    const seen = this.span / (this.end - this.begin);
    this.kind = kind;
    this.fit();
    if (seen < 1) this.look(this.placeOf(run, event), this.span * seen);
  }

  get span() { return this.to - this.from; }

  // Where an event begins; of the one behind the last, where the run ends.
  placeOf(run, event) { return this.kind === 'order' ? event : run.reached[event]; }

  // The first event that is not before a place.
  eventAt(run, place) {
    if (this.kind === 'order') return Math.max(0, Math.min(run.length, Math.ceil(place)));
    return Math.min(run.length, placeOf(run.reached, place));
  }

  x(run, event, width) { return (this.placeOf(run, event) - this.from) / this.span * width; }

  placeAt(x, width) { return this.from + x / width * this.span; }

  look(center, span) {
    const whole = (this.end - this.begin) * 1.02;
    const seen = Math.max(Math.min(this.least, whole), Math.min(whole, span));
    const room = seen * 0.01; // beyond the ends
    const from = Math.max(this.begin - room, Math.min(center - seen / 2, this.end + room - seen));
    this.from = from;
    this.to = from + seen;
  }

  zoom(factor, center = (this.from + this.to) / 2) {
    const part = (center - this.from) / this.span;
    const span = this.span * factor;
    this.look(center + (0.5 - part) * span, span);
  }

  move(by) { this.look((this.from + this.to) / 2 + by, this.span); }

  // Moves what is seen so far that the event is in it, with room around it.
  show(run, event) {
    const place = this.placeOf(run, event);
    const room = this.span * 0.08;
    if (place < this.from + room || place > this.to - room) this.look(place, this.span);
  }
}

// Round numbers for ticks, about so many of them.
function ticksOf(from, to, most) {
  const rough = Math.max((to - from) / most, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((of) => of * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}
