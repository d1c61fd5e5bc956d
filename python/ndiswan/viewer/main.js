// The view: which event is selected, what is filtered, what is seen of the run; and the page's begin.

class View {
  constructor(runs) {
    this.runs = runs;
    this.axis = new Axis(runs);
    this.filter = new Filter();
    this.masks = runs.map(() => null);
    this.shown = runs.map(() => null);
    this.packets = runs.map(() => null);
    this.tables = [];
    const place = document.getElementById('panels');
    this.panels = runs.map((run) => {
      const canvas = element('canvas', {
        tabindex: 0, role: 'img',
        'aria-label': `Swim-lanes of ${run.name}, ${run.length} events. The arrow keys step, and what is selected is said below.`,
      });
      const title = runs.length > 1 ? [element('h2', {}, run.name)] : [];
      place.append(element('div', { class: 'panel' }, ...title, canvas));
      return new Panel(run, canvas, this.axis);
    });
    this.overview = new Overview(document.getElementById('overview'), this.axis, this.panels);
    this.event = this.begin();
    this.scheduled = false;
  }

  // The longest of the runs is stepped through: both have the same numbers as far as they are alike.
  get longest() { return this.runs.reduce((most, run) => (run.length > most.length ? run : most)); }

  begin() {
    if (about.difference !== null && this.runs.length > 1) return Math.min(about.difference, this.longest.length - 1);
    const broken = this.runs.find((run) => run.breaks.length);
    return broken ? broken.breaks[0].event : 0;
  }

  packetOf(run) { return this.event < run.length ? run.packet[this.event] - 1 : -1; }

  // ---- what changes

  select(event) {
    this.event = Math.max(0, Math.min(this.longest.length - 1, event));
    this.axis.show(this.longest, this.event);
    this.tell();
    this.draw();
  }

  step(by) {
    const run = this.stepped;
    const shown = this.shown[run.number];
    if (!shown) { this.select(this.event + by); return; }
    if (!shown.length) return;
    const at = placeOf(shown, by > 0 ? this.event + 1 : this.event) + (by > 0 ? 0 : -1);
    if (at >= 0 && at < shown.length) this.select(shown[at]);
  }

  // With a filter that lets nothing of the longest run through, the other one is stepped through.
  get stepped() {
    const { longest } = this;
    const shown = this.shown[longest.number];
    return shown && !shown.length ? this.runs.find((run) => this.shown[run.number].length) ?? longest : longest;
  }

  stepPacket(by) {
    const run = this.event < this.runs[0].length ? this.runs[0] : this.longest;
    const packet = run.packet[this.event];
    if (!packet) return;
    for (let at = this.event + by; at >= 0 && at < run.length; at += by) {
      if (run.packet[at] === packet) { this.select(at); return; }
    }
  }

  toEnd(side) {
    const run = this.stepped;
    const shown = this.shown[run.number];
    if (!shown) this.select(side < 0 ? 0 : this.longest.length - 1);
    else if (shown.length) this.select(shown[side < 0 ? 0 : shown.length - 1]);
  }

  toBreak() {
    const events = this.runs.flatMap((run) => run.breaks.map((broken) => broken.event)).sort((one, other) => one - other);
    if (events.length) this.select(events.find((event) => event > this.event) ?? events[0]);
  }

  toChoice() {
    const run = this.runs.find((one) => one.choice && one.choice.event !== null);
    if (run) this.select(run.choice.event);
  }

  toDifference() { if (about.difference !== null) this.select(about.difference); }

  zoom(factor, center) {
    const selected = this.axis.placeOf(this.longest, this.event);
    const seen = selected >= this.axis.from && selected <= this.axis.to;
    this.axis.zoom(factor, center ?? (seen ? selected : undefined));
    this.draw();
  }

  fit() { this.axis.fit(); this.draw(); }

  move(part) { this.axis.move(part * this.axis.span); this.draw(); }

  lookAt(place) { this.axis.look(place, this.axis.span); this.draw(); }

  across(kind) { this.axis.choose(kind, this.longest, this.event); this.draw(); }

  page(by) {
    this.tables.forEach((table) => {
      const { run } = table;
      const shown = this.shown[run.number];
      const count = shown ? shown.length : run.length;
      const place = Math.max(0, Math.min(count - 1, table.from + ROWS / 2 + by * (ROWS - 10)));
      table.from = -1;
      table.show(shown, place, this.event);
    });
  }

  filterBy() {
    for (const name of ['packet', 'link', 'rule', 'search']) this.filter[name] = document.getElementById(name).value;
    this.masks = this.runs.map((run) => this.filter.maskOf(run));
    this.shown = this.masks.map(shownOf);
    this.packets = this.runs.map((run, at) => packetsIn(run, this.masks[at]));
    const run = this.stepped;
    const shown = this.shown[run.number];
    if (shown && shown.length && !this.masks[run.number][this.event]) {
      this.event = shown[Math.min(shown.length - 1, placeOf(shown, this.event))];
      this.axis.show(this.longest, this.event);
    }
    this.tell();
    this.draw();
  }

  onlyThis() {
    const packet = document.getElementById('packet');
    const run = this.event < this.runs[0].length ? this.runs[0] : this.longest;
    packet.value = packet.value ? '' : run.packetOf(this.event);
    this.filterBy();
  }

  clear() {
    for (const name of ['packet', 'link', 'rule', 'search']) document.getElementById(name).value = '';
    this.filterBy();
  }

  ground(theme) {
    const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    this.colours = coloursOf();
    this.draw();
  }

  otherGround() {
    const chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    document.getElementById('theme').value = chosen;
    this.ground(chosen);
  }

  // ---- what is told and drawn

  tell() {
    const said = this.runs.filter((run) => this.event < run.length)
      .map((run) => (this.runs.length > 1 ? `${run.name}: ${run.sentence(this.event)}` : run.sentence(this.event)));
    document.getElementById('said').textContent = said.join(' ');
    const counts = this.runs.map((run, at) => {
      const shown = this.shown[at];
      return shown ? `${shown.length.toLocaleString('en')} of ${run.length.toLocaleString('en')}` : run.length.toLocaleString('en');
    });
    document.getElementById('count').textContent = counts.join(' and ');
    this.tables.forEach((table, at) => {
      const shown = this.shown[at];
      table.show(shown, shown ? placeOf(shown, this.event) : this.event, this.event);
    });
  }

  draw() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => { this.scheduled = false; this.drawNow(); });
  }

  drawNow() {
    const state = this;
    for (const panel of this.panels) panel.draw(state, this.colours);
    this.overview.draw(this.colours, this.masks[0]);
  }

  // ---- the begin

  start() {
    writeHead(this.runs);
    writeLegend(this.runs);
    this.offer();
    listen(this);
    this.panels.forEach((panel) => listenTo(panel, this));
    listenToOverview(this.overview, this);
    const tables = document.getElementById('tables');
    this.tables = this.runs.map((run) => new EventTable(run, tables, (event) => this.select(event), this.runs.length === 1));
    writeStory(this.runs.find((run) => run.story) ?? this.runs[0], (event) => this.select(event));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.ground(document.getElementById('theme').value));
    new ResizeObserver(() => this.draw()).observe(document.getElementById('panels'));
    addEventListener('beforeprint', () => { // paper is light
      document.documentElement.dataset.theme = 'light';
      for (const closed of document.querySelectorAll('details')) closed.open = true; // and cannot be opened
      this.colours = coloursOf();
      this.drawNow();
    });
    addEventListener('afterprint', () => this.ground(document.getElementById('theme').value));
    document.getElementById('axis').value = this.axis.kind;
    this.ground('');
    this.axis.show(this.longest, this.event);
    this.tell();
    this.drawNow();
  }

  // What can be chosen, and what cannot.
  offer() {
    const choices = (name, values) => document.getElementById(name).append(...values.map((value) => element('option', {}, value)));
    choices('link', [...new Set(this.runs.flatMap((run) => run.links))]);
    choices('rule', [...new Set(this.runs.flatMap((run) => run.breaks.map((broken) => broken.rule)))]);
    const packets = new Set();
    for (const run of this.runs) {
      for (let at = 0; at < Math.min(200, run.slots.length / 2); at++) packets.add(run.nameOf(at));
    }
    choices('packets', [...packets]);
    document.getElementById('to-break').disabled = this.runs.every((run) => !run.breaks.length);
    document.getElementById('to-choice').disabled = this.runs.every((run) => !run.choice || run.choice.event === null);
    document.getElementById('to-difference').disabled = about.difference === null;
  }
}

// Which packets have an event that is shown; null for all.
function packetsIn(run, mask) {
  if (!mask) return null;
  const found = new Uint8Array(run.slots.length / 2);
  for (let at = 0; at < run.length; at++) if (mask[at] && run.packet[at]) found[run.packet[at] - 1] = 1;
  return found;
}

async function begin() {
  const runs = [];
  for (let number = 0; number < about.runs.length; number++) runs.push(await unpacked(number));
  const view = new View(runs);
  view.start();
  document.documentElement.dataset.painted = performance.now().toFixed(0);
}

begin().catch((error) => {
  const text = `This page cannot be drawn: ${error.message}. It needs a browser of 2023 or newer.`;
  document.getElementById('verdicts').append(element('p', { class: 'verdict' }, text));
  throw error;
});
