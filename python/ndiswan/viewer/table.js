// The events as a table: the ones around the selected event that the filter lets through, and no more than one reads.

const ROWS = 60;

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

function ownerMark(owner) {
  if (!owner) return '';
  const span = element('span', { class: 'owner' });
  const mark = element('i');
  const name = owner === 'line' ? 'line-owner' : owner;
  mark.style.background = `var(--${name})`;
  span.append(mark, owner);
  return span;
}

class EventTable {
  constructor(run, place, choose, isOne) {
    Object.assign(this, { run, choose });
    this.isSimulation = run.clock === 'simulation';
    const heads = this.isSimulation
      ? ['event', 'time', 'link', 'packet', 'what happens', 'owner after']
      : ['event', 'time', 'CPU', 'packet', 'what happens', 'owner after', 'level', 'locks', 'called at'];
    this.body = element('tbody');
    this.table = element('table', { 'aria-rowcount': run.length + 1 });
    if (!isOne) this.table.append(element('caption', {}, run.name));
    this.table.append(element('thead', {}, element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)))), this.body);
    const frame = element('div', { tabindex: 0, role: 'region', 'aria-label': `Events of ${run.name}` }, this.table);
    this.frame = frame;
    place.append(frame);
    this.body.addEventListener('click', (clicked) => {
      const row = clicked.target.closest('tr');
      if (row) this.choose(+row.dataset.event);
    });
    this.from = -1;
  }

  // Shows the events around a place in the list of those that are shown (null: all).
  show(shown, place, selected) {
    const count = shown ? shown.length : this.run.length;
    const inside = this.shown === shown && place >= this.from + 3 && place < this.to - 3;
    if (!inside || this.from < 0) {
      this.from = Math.max(0, Math.min(count - ROWS, place - Math.floor(ROWS / 2)));
      this.to = Math.min(count, this.from + ROWS);
      this.shown = shown;
      const rows = [];
      for (let at = this.from; at < this.to; at++) rows.push(this.row(shown ? shown[at] : at));
      this.body.replaceChildren(...rows);
    }
    for (const row of this.body.querySelectorAll('[aria-current]')) row.removeAttribute('aria-current');
    const row = this.body.querySelector(`tr[data-event="${selected}"]`);
    if (!row) return;
    row.setAttribute('aria-current', 'true');
    // Only the table's frame is moved, never the page below somebody's hands.
    const low = row.offsetTop - this.frame.clientHeight + row.offsetHeight + 8;
    if (this.frame.scrollTop > row.offsetTop - 40) this.frame.scrollTop = row.offsetTop - 40;
    else if (this.frame.scrollTop < low) this.frame.scrollTop = low;
  }

  row(event) {
    const { run } = this;
    const broken = run.brokenAt.get(event);
    const differs = about.difference === event;
    const cell = (text, kind) => element('td', { class: kind }, text);
    const said = (broken ?? []).reduce((text, one) => `${text}: ${one.why}`, run.said(event));
    const cells = [cell((event + 1).toLocaleString('en'), 'number'), cell(inWords(run.time[event]), 'number')];
    if (this.isSimulation) cells.push(cell(run.link[event] ? run.linkName(run.link[event] - 1) : ''));
    else cells.push(cell(String(run.cpu[event]), 'number'));
    cells.push(cell(run.packetOf(event)), cell(said, 'what'), cell(ownerMark(run.ownerOf(event))));
    if (!this.isSimulation) {
      cells.push(cell(run.levelOf(event)), cell(run.locks[event] || '', 'number'), cell(run.siteOf(event), 'site'));
    }
    const kinds = [broken ? 'broken' : '', differs ? 'differs' : ''].filter((kind) => kind).join(' ');
    return element('tr', { 'data-event': event, 'aria-rowindex': event + 2, class: kinds || null }, ...cells);
  }
}
